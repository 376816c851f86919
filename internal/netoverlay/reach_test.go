package netoverlay_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/internal/netoverlay"
)

func TestReach(t *testing.T) {
	root := t.TempDir()
	cache, dir := filepath.Join(root, "mod"), filepath.Join(root, "links")
	inside := filepath.Join(cache, "golang.org", "toolchain@v0.0.1-go1.99.1.linux-amd64")
	if err := os.MkdirAll(inside, 0o777); err != nil {
		t.Fatal(err)
	}
	outside := filepath.Join(root, "go")
	if got, err := netoverlay.Reach(outside, cache, dir); err != nil || got != outside {
		t.Errorf("Reach of %s: %s, %v", outside, got, err)
	}
	link, err := netoverlay.Reach(inside, cache, dir)
	if err != nil {
		t.Fatal(err)
	}
	if target, err := os.Readlink(link); err != nil || target != inside || filepath.Dir(link) != dir {
		t.Errorf("%s leads to %s: %v", link, target, err)
	}
	if again, err := netoverlay.Reach(inside, cache, dir); err != nil || again != link {
		t.Errorf("Reach again: %s, %v, not %s", again, err, link)
	}
	// What is there and not ours stays.
	if err := os.Remove(link); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, link); err != nil {
		t.Fatal(err)
	}
	if _, err := netoverlay.Reach(inside, cache, dir); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("Reach with a link that leads elsewhere: %v", err)
	}
}
