package calibrate_test

import (
	"context"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/internal/advise"
	"github.com/cofaas/cofaas/internal/advise/calibrate"
)

// This program is started a second time as the other end, which it is before it comes to its tests.
func TestMeasure(t *testing.T) {
	c, err := calibrate.Measure(t.Context(), advise.Defaults())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(c.Source, "measured on this machine (") || !strings.Contains(c.Source, "a call over TCP takes ") {
		t.Errorf("got source %q", c.Source)
	}
	for kind, cost := range c.Edges {
		if cost.CallNs <= 0 || cost.ByteNs <= 0 {
			t.Errorf("%s: got %+v", kind, cost)
		}
	}
	// Whatever the machine, calls that do not leave the process are quicker.
	if c.Edges[advise.WasmWasm].CallNs >= c.Edges[advise.Network].CallNs {
		t.Errorf("got %+v", c.Edges)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := calibrate.Measure(ctx, advise.Defaults()); err == nil {
		t.Error("no error when it was told to stop")
	}
}
