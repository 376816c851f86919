package grpc_test

import (
	"fmt"
	"strings"
	"testing"

	real "google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	grpc "github.com/cofaas/cofaas/stubs/grpc"
)

func TestServiceConfig(t *testing.T) {
	const retry = `{"methodConfig": [{"name": [{}], "retryPolicy": %s}]}`
	configs := []string{
		``, `{`, `{}`, `[]`, `{"unknown": 1}`,
		`{"loadBalancingConfig": [{"round_robin": {}}]}`,
		`{"loadBalancingConfig": [{"pick_first": {}, "round_robin": {}}]}`,
		`{"loadBalancingPolicy": "round_robin"}`,
		`{"healthCheckConfig": {"serviceName": "x"}}`,
		`{"methodConfig": [{"name": [{"service": "a.B", "method": "C"}, {"service": "a.B"}, {}], "timeout": "1.5s", "waitForReady": true}]}`,
		`{"methodConfig": [{"name": [{"method": "C"}]}]}`,
		`{"methodConfig": [{"name": [{"service": "a"}]}, {"name": [{"service": "a"}]}]}`,
		`{"methodConfig": [{"timeout": "1s"}]}`,
		fmt.Sprintf(retry, `{"maxAttempts": 3, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE", 4]}`),
		fmt.Sprintf(retry, `{"maxAttempts": 1, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}`),
		fmt.Sprintf(retry, `{"maxAttempts": 2, "initialBackoff": "0.1s", "maxBackoff": "1s", "backoffMultiplier": 2, "retryableStatusCodes": ["NOPE"]}`),
		`{"retryThrottling": {"maxTokens": 0, "tokenRatio": 1}}`,
		`{"retryThrottling": {"maxTokens": 1, "tokenRatio": 0}, "methodConfig": []}`,
	}
	for _, d := range []string{
		`1`, `"1"`, `"s"`, `""`, `"1s"`, `"-1s"`, `"-s"`, `".5s"`, `"1.s"`, `"1.2.3s"`, `"1.1234567890s"`, `"0.000000001s"`, `"-0.5s"`, `"xs"`, `"1.xs"`,
		`"315576000000s"`, `"315576000001s"`, `"-315576000001s"`, `"9223372036s"`, `"99999999999999999999s"`, `"+1s"`, `"1.-1s"`,
	} {
		configs = append(configs, fmt.Sprintf(`{"methodConfig": [{"name": [{}], "timeout": %s}]}`, d))
	}
	for _, config := range configs {
		cc, want := real.NewClient("x", real.WithTransportCredentials(insecure.NewCredentials()), real.WithDefaultServiceConfig(config))
		if want == nil {
			cc.Close()
		}
		stub, got := grpc.NewClient("x", grpc.WithInsecure(), grpc.WithDefaultServiceConfig(config))
		if !sameConfigError(got, want) {
			t.Errorf("%s\n grpc-go: %v\n    stub: %v", config, want, got)
		}
		if got == nil {
			stub.Close()
		}
	}
}

// sameConfigError compares errors. Those of package json name the types that it reads into, and those for policies print pointers.
func sameConfigError(got, want error) bool {
	if got == nil || want == nil {
		return got == want
	}
	cut := func(err error) string {
		text, _, _ := strings.Cut(err.Error(), "json: cannot unmarshal")
		text, _, _ = strings.Cut(text, "; received entry")
		return text
	}
	return cut(got) == cut(want)
}
