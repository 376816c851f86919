package e2e

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/cofaas/cofaas/example/shop/internal/rig"
)

// isolates runs the host of a function in which every function runs natively, in a process of its own.
func isolates(t *testing.T, root string, args ...string) (*rig.Shop, *logs) {
	t.Helper()
	build(t)
	if err := buildIsolatesOnce(); err != nil {
		t.Fatal(err)
	}
	return run(t, func(ctx context.Context, dir string, l *logs) (*rig.Shop, error) {
		return rig.Host(ctx, filepath.Join(dir, "isolates"), root, l, args...)
	})
}

// buildIsolatesOnce generates and builds such hosts in a copy of the shop, since where functions run is in files that are checked in.
var buildIsolatesOnce = sync.OnceValue(func() error {
	dir := filepath.Join(scratch, "isolates")
	copied := filepath.Join(dir, "shop")
	if err := copyShop(copied); err != nil {
		return err
	}
	mains, err := filepath.Glob(filepath.Join(copied, "*/cofaas/main.go"))
	if err != nil {
		return err
	}
	args := []string{"tool", "cofaas-gen", "-stage", filepath.Join(dir, "stage")}
	for _, main := range mains {
		args = append(args, "-place", filepath.Base(filepath.Dir(filepath.Dir(main)))+"=native")
	}
	var packages []string
	for _, f := range hosts {
		packages = append(packages, "./"+f)
	}
	if err := goIn(copied, append(args, packages...)...); err != nil {
		return err
	}
	for _, f := range hosts {
		if err := goIn(copied, "build", "-o", filepath.Join(dir, f+"-host"), "./"+f+"/cofaas"); err != nil {
			return err
		}
	}
	return goIn(copied, "build", "-o", dir+string(filepath.Separator), "./gateway")
})

func goIn(dir string, args ...string) error {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go %v: %w\n%s", args, err, out)
	}
	return nil
}

// copyShop copies the shop without what is built of it. Its modules find the toolkit where it is.
func copyShop(dir string) error {
	toolkit, err := filepath.Abs("../../..")
	if err != nil {
		return err
	}
	return filepath.WalkDir("..", func(name string, d fs.DirEntry, err error) error {
		rel, _ := filepath.Rel("..", name) // which it is
		switch ext := filepath.Ext(name); {
		case err != nil:
			return err
		case d.IsDir():
			return os.MkdirAll(filepath.Join(dir, rel), 0o777)
		case ext == ".wasm" || ext == ".native":
			return nil
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if d.Name() == "go.mod" {
			for _, up := range []string{"../../..", "../.."} {
				data = []byte(strings.Replace(string(data), "github.com/cofaas/cofaas => "+up+"\n", "github.com/cofaas/cofaas => "+toolkit+"\n", 1))
			}
		}
		return os.WriteFile(filepath.Join(dir, rel), data, 0o666)
	})
}

// TestIsolates does the same as processes and in a host of native isolates, of which one is a module of its own, and compares the answers.
func TestIsolates(t *testing.T) {
	a, _ := native(t)
	b, _ := isolates(t, "storefront")
	want, got := newTranscript(), newTranscript()
	customer(t, want, a)
	customer(t, got, b)
	browser(t, want, a)
	browser(t, got, b)
	operator(t, want, a, "storefront")
	operator(t, got, b, "storefront")
	same(t, want, got)
}
