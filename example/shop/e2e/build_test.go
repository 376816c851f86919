// Package e2e tests the whole shop: it runs the same requests natively and consolidated, and compares what clients see.
package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/cofaas/cofaas/example/shop/internal/rig"
)

// hosts are the hosts that are tested: one that reaches all functions, and one that is a function alone.
var hosts = []string{"storefront", "inventory"}

var scratch string // lives as long as the tests

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if scratch, err = os.MkdirTemp("", "shop-e2e-"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(scratch)
		return m.Run()
	}())
}

// build builds all programs once, and returns their folder. Guests are built where users have them, beside their hosts, so that those of
// make shop are used again.
func build(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("builds guests, which takes long")
	}
	if err := buildOnce(); err != nil {
		t.Fatal(err)
	}
	return scratch
}

var buildOnce = sync.OnceValue(func() error {
	// A test does not change files that are checked in.
	if err := tool("check"); err != nil {
		return err
	}
	var packages []string
	for _, f := range hosts {
		packages = append(packages, "./"+f)
	}
	if err := tool(packages...); err != nil {
		return err
	}
	return rig.Build(context.Background(), scratch, hosts...)
})

// tool runs the generator in the shop's folder.
func tool(args ...string) error {
	cmd := exec.Command("go", append([]string{"tool", "cofaas-gen"}, args...)...)
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("cofaas-gen %v: %w\n%s", args, err, out)
	}
	return nil
}

// logs is what programs write. It may be used while they run.
type logs struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logs) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// run runs a shop until the test ends.
func run(t *testing.T, start func(ctx context.Context, dir string, l *logs) (*rig.Shop, error)) (*rig.Shop, *logs) {
	t.Helper()
	l := new(logs)
	// Not the test's context: that ends before the shop is stopped.
	shop, err := start(context.Background(), build(t), l)
	if err != nil {
		t.Fatalf("%v\n%s", err, l)
	}
	t.Cleanup(func() {
		shop.Stop()
		if t.Failed() {
			t.Logf("the shop's logs:\n%s", l)
		}
	})
	return shop, l
}

func native(t *testing.T) (*rig.Shop, *logs) {
	t.Helper()
	return run(t, func(ctx context.Context, dir string, l *logs) (*rig.Shop, error) { return rig.Native(ctx, dir, l) })
}

func host(t *testing.T, root string, args ...string) (*rig.Shop, *logs) {
	t.Helper()
	return run(t, func(ctx context.Context, dir string, l *logs) (*rig.Shop, error) {
		return rig.Host(ctx, dir, root, l, args...)
	})
}
