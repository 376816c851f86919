package grpc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
	isc "github.com/cofaas/cofaas/stubs/grpc/internal/serviceconfig"
)

// clientConfig is what a service config says that has a meaning in a guest. Of balancing and health checks it says nothing: there are
// neither.
type clientConfig struct {
	// methods has the configs of methods, by "/package.service/method", of services, by "/package.service/", and of all others, by "".
	methods  map[string]*MethodConfig
	throttle *retryThrottle // nil if retries are not throttled
}

var noConfig MethodConfig

// method returns what there is about a method. c may be nil.
func (c *clientConfig) method(name string) *MethodConfig {
	if c == nil {
		return &noConfig
	}
	if mc := c.methods[name]; mc != nil {
		return mc
	}
	if mc := c.methods[name[:strings.LastIndexByte(name, '/')+1]]; mc != nil {
		return mc
	}
	if mc := c.methods[""]; mc != nil {
		return mc
	}
	return &noConfig
}

// withTimeout returns the context of a call. cancel is never nil.
func withTimeout(ctx context.Context, mc *MethodConfig) (_ context.Context, cancel context.CancelFunc) {
	if mc.Timeout != nil && *mc.Timeout >= 0 {
		return context.WithTimeout(ctx, *mc.Timeout)
	}
	return ctx, func() {}
}

// limit returns the lower one of the limits of an option and of a config, if there are any.
func limit(option, config *int, otherwise int) int {
	switch {
	case option == nil && config == nil:
		return otherwise
	case option == nil:
		return *config
	case config == nil:
		return *option
	}
	return min(*option, *config)
}

// isEmpty reports whether c says nothing of any method. c may be nil.
func (c *clientConfig) isEmpty() bool { return c == nil || len(c.methods) == 0 }

// jsonConfig is a service config in JSON: grpc/doc/service_config.md.
type jsonConfig struct {
	LoadBalancingConfig *[]map[string]json.RawMessage
	MethodConfig        []struct {
		Name                    []jsonName
		WaitForReady            *bool
		Timeout                 *jsonDuration
		MaxRequestMessageBytes  *int64
		MaxResponseMessageBytes *int64
		RetryPolicy             *jsonRetryPolicy
	}
	RetryThrottling *struct{ MaxTokens, TokenRatio float64 }
}

type jsonName struct{ Service, Method string }

// path returns the key of what the name is of.
func (n jsonName) path() (string, error) {
	switch {
	case n.Service != "":
		return "/" + n.Service + "/" + n.Method, nil
	case n.Method != "":
		return "", errors.New("cannot combine empty 'service' and non-empty 'method'")
	}
	return "", nil
}

type jsonRetryPolicy struct {
	MaxAttempts          int
	InitialBackoff       jsonDuration
	MaxBackoff           jsonDuration
	BackoffMultiplier    float64
	RetryableStatusCodes []codes.Code
}

// policy checks the policy of gRFC A6. p may be nil.
func (p *jsonRetryPolicy) policy() (*isc.RetryPolicy, error) {
	if p == nil {
		return nil, nil
	}
	if p.MaxAttempts <= 1 || p.InitialBackoff <= 0 || p.MaxBackoff <= 0 || p.BackoffMultiplier <= 0 || len(p.RetryableStatusCodes) == 0 {
		return nil, fmt.Errorf("invalid retry policy (%+v): ", p)
	}
	policy := &isc.RetryPolicy{
		MaxAttempts:          p.MaxAttempts,
		InitialBackoff:       time.Duration(p.InitialBackoff),
		MaxBackoff:           time.Duration(p.MaxBackoff),
		BackoffMultiplier:    p.BackoffMultiplier,
		RetryableStatusCodes: map[codes.Code]bool{},
	}
	for _, c := range p.RetryableStatusCodes {
		policy.RetryableStatusCodes[c] = true
	}
	return policy, nil
}

// parseConfig reads a service config.
func parseConfig(text string) (*clientConfig, error) {
	if text == "" {
		return nil, errors.New("no JSON service config provided")
	}
	var parsed jsonConfig
	if err := json.Unmarshal([]byte(text), &parsed); err != nil {
		return nil, err
	}
	if parsed.LoadBalancingConfig != nil {
		for i, policy := range *parsed.LoadBalancingConfig {
			if len(policy) != 1 {
				return nil, fmt.Errorf("expected a JSON struct with one entry; received entry %v at index %d", policy, i)
			}
		}
	}
	config := &clientConfig{methods: map[string]*MethodConfig{}}
	if parsed.MethodConfig == nil {
		return config, nil // and nothing to retry
	}
	for _, m := range parsed.MethodConfig {
		if m.Name == nil {
			continue
		}
		mc := &MethodConfig{
			WaitForReady: m.WaitForReady,
			Timeout:      (*time.Duration)(m.Timeout),
			MaxReqSize:   toInt(m.MaxRequestMessageBytes),
			MaxRespSize:  toInt(m.MaxResponseMessageBytes),
		}
		var err error
		if mc.RetryPolicy, err = m.RetryPolicy.policy(); err != nil {
			return nil, err
		}
		for _, name := range m.Name {
			path, err := name.path()
			if err != nil {
				return nil, err
			}
			if config.methods[path] != nil {
				return nil, errors.New("duplicated name")
			}
			config.methods[path] = mc
		}
	}
	if t := parsed.RetryThrottling; t != nil {
		if t.MaxTokens <= 0 || t.MaxTokens > 1000 {
			return nil, fmt.Errorf("invalid retry throttling config: maxTokens (%v) out of range (0, 1000]", t.MaxTokens)
		}
		if t.TokenRatio <= 0 {
			return nil, fmt.Errorf("invalid retry throttling config: tokenRatio (%v) may not be negative", t.TokenRatio)
		}
		config.throttle = &retryThrottle{max: t.MaxTokens, ratio: t.TokenRatio, tokens: t.MaxTokens}
	}
	return config, nil
}

func toInt(n *int64) *int {
	if n == nil {
		return nil
	}
	i := int(min(*n, math.MaxInt))
	return &i
}

// jsonDuration is a google.protobuf.Duration in JSON: "1.5s".
type jsonDuration time.Duration

// String is for errors.
func (d jsonDuration) String() string { return time.Duration(d).String() }

// UnmarshalJSON implements json.Unmarshaler.
func (d *jsonDuration) UnmarshalJSON(b []byte) error {
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	malformed := func(format string, a ...any) error {
		return fmt.Errorf("malformed duration %q: %s", strings.TrimPrefix(text, "-"), fmt.Sprintf(format, a...))
	}
	digits, ok := strings.CutSuffix(text, "s")
	if !ok {
		return fmt.Errorf("malformed duration %q: missing seconds unit", text)
	}
	digits, negative := strings.CutPrefix(digits, "-")
	whole, fraction, _ := strings.Cut(digits, ".")
	switch {
	case strings.Contains(fraction, "."):
		return malformed("too many decimals")
	case len(fraction) > 9:
		return malformed("too many digits after decimal")
	case whole == "" && fraction == "":
		return malformed("contains no numbers")
	}
	seconds, err := number(whole)
	if err != nil {
		return malformed("%v", err)
	}
	if seconds > 315_576_000_000 { // 10,000 years, the most that the message may have
		return fmt.Errorf("out of range: %q", strings.TrimPrefix(text, "-"))
	}
	nanos, err := number(fraction)
	if err != nil {
		return malformed("%v", err)
	}
	for range 9 - len(fraction) {
		nanos *= 10
	}
	total := jsonDuration(math.MaxInt64)
	if seconds < math.MaxInt64/int64(time.Second) {
		total = jsonDuration(seconds*int64(time.Second) + nanos)
	}
	if negative {
		total = -total
	}
	*d = total
	return nil
}

// number returns the number in a part of a duration, which may be missing.
func number(digits string) (int64, error) {
	if digits == "" {
		return 0, nil
	}
	return strconv.ParseInt(digits, 10, 64)
}
