package host

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"
)

func TestRun_instances(t *testing.T) {
	for _, tt := range []struct {
		name        string
		args        []string
		front, back int
	}{
		{"default", nil, Options{}.withDefaults().MaxInstances, Options{}.withDefaults().MaxInstances},
		{"all", []string{"-max-instances", "3"}, 3, 3},
		{"one", []string{"-max-instances", "back=1", "-max-instances=3"}, 3, 1},
		{"each", []string{"-max-instances", "back=1", "-max-instances", "front=2"}, 2, 1},
		{"the last counts", []string{"-max-instances", "back=1", "-max-instances", "back=2", "-max-instances", "5", "-max-instances", "6"}, 6, 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			app := relayApp(t)
			s, code, ok := parse(app, tt.args, &bytes.Buffer{})
			if !ok {
				t.Fatalf("exit code %d", code)
			}
			h, err := New(t.Context(), app, Options{
				MaxInstances: s.instances.all, MaxInstancesOf: s.instances.byFunction, Logger: slog.New(slog.DiscardHandler),
			})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = h.Close() })
			if front, back := h.functions["front"].pool.max, h.functions["back"].pool.max; front != tt.front || back != tt.back {
				t.Errorf("got at most %d and %d instances, want %d and %d", front, back, tt.front, tt.back)
			}
		})
	}
}

func TestRun_instances_Errors(t *testing.T) {
	const form = "want a number, or FUNCTION=NUMBER with at least 1, as producer=1"
	for _, tt := range []struct{ arg, want string }{
		{"many", `invalid value "many" for flag -max-instances: ` + form},
		{"-1", `invalid value "-1" for flag -max-instances: ` + form},
		{"=1", `invalid value "=1" for flag -max-instances: ` + form},
		{"front=", `invalid value "front=" for flag -max-instances: ` + form},
		{"front=0", `invalid value "front=0" for flag -max-instances: ` + form},
		{"other=1", `-max-instances: there is no function "other"; the functions are front, back`},
	} {
		t.Run(tt.arg, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := Run(t.Context(), relayApp(t), []string{"-max-instances=" + tt.arg}, &stderr); code != 2 {
				t.Errorf("got exit code %d, want 2", code)
			}
			if got, _, _ := strings.Cut(stderr.String(), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
