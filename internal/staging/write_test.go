package staging_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/internal/staging"
)

func TestWrite_again(t *testing.T) {
	t.Parallel()
	c := openCase(t, "testdata/plain.txtar")
	dir := filepath.Join(t.TempDir(), "stage")
	spec := c.spec(t)
	write := func() map[string]time.Time {
		t.Helper()
		if _, err := staging.Write(t.Context(), dir, spec); err != nil {
			t.Fatal(err)
		}
		times := make(map[string]time.Time)
		for _, name := range listFiles(t, dir) {
			info, err := os.Stat(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			times[name] = info.ModTime()
		}
		return times
	}
	write()
	past := time.Now().Add(-time.Hour).Truncate(time.Second)
	for _, name := range listFiles(t, dir) {
		if err := os.Chtimes(filepath.Join(dir, name), past, past); err != nil {
			t.Fatal(err)
		}
	}
	first := write()
	for name, at := range first {
		if !at.Equal(past) {
			t.Errorf("%s was written again, although nothing has changed", name)
		}
	}

	const changed = "main/where/where.go"
	source := filepath.Join(c.dir(), "where", "where.go")
	data, err := os.ReadFile(source)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(source, append(data, "// More.\n"...), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, stale := range []string{"main/stale.go", "main/stale/stale.go", "deps/stale@v1/go.mod"} {
		file := filepath.Join(dir, stale)
		if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	second := write()
	if second[changed].Equal(past) {
		t.Errorf("%s has changed, and was not written", changed)
	}
	second[changed] = past
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("modification times after one file has changed (-want +got):\n%s", diff)
	}
	checkEntries(t, filepath.Dir(dir), "stage")
}

func TestWrite_Errors(t *testing.T) {
	t.Parallel()
	c := openCase(t, "testdata/self.txtar")
	spec := c.spec(t)

	t.Run("not a stage", func(t *testing.T) {
		dir := t.TempDir()
		file := filepath.Join(dir, "precious")
		if err := os.WriteFile(file, nil, 0o666); err != nil {
			t.Fatal(err)
		}
		_, err := staging.Write(t.Context(), dir, spec)
		if want := dir + " exists and is not a stage: not overwritten"; err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
		checkEntries(t, dir, "precious")
	})
	t.Run("canceled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		dir := t.TempDir()
		if _, err := staging.Write(ctx, filepath.Join(dir, "stage"), spec); !errors.Is(err, context.Canceled) {
			t.Errorf("got error %v, want %v", err, context.Canceled)
		}
		checkEntries(t, dir)
	})
	t.Run("unknown rewritten", func(t *testing.T) {
		spec := spec
		spec.Rewritten = map[string]map[string][]byte{
			c.keys["main"]:      {filepath.Join(c.dir(), "none.go"): []byte("package main\n")},
			"example.org/other": {"/other.go": []byte("package other\n")},
		}
		_, err := staging.Write(t.Context(), filepath.Join(t.TempDir(), "stage"), spec)
		want := "cannot rewrite none.go: package github.com/cofaas/cofaas/example/fn has no such file\n" +
			"cannot rewrite example.org/other: it is not among the packages to stage"
		if err == nil || err.Error() != want {
			t.Errorf("got error %v, want %s", err, want)
		}
	})
}

func TestBuild_canceled(t *testing.T) {
	t.Parallel()
	c := openCase(t, "testdata/self.txtar")
	dir := t.TempDir()
	stage, err := staging.Write(t.Context(), filepath.Join(dir, "stage"), c.spec(t))
	if err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "guest.wasm")
	if err := os.WriteFile(out, []byte("before"), 0o666); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if err := stage.Build(ctx, out, staging.BuildOptions{}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got error %v, want %v", err, context.DeadlineExceeded)
	}
	checkEntries(t, dir, "guest.wasm", "stage")
	if data, err := os.ReadFile(out); err != nil || string(data) != "before" {
		t.Errorf("a build that was interrupted changed its output: %q, %v", data, err)
	}
}

func TestBuild_parallel(t *testing.T) {
	t.Parallel()
	c := openCase(t, "testdata/self.txtar")
	dir := t.TempDir()
	spec := c.spec(t)
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			name := filepath.Join(dir, fmt.Sprint(i))
			stage, err := staging.Write(t.Context(), name, spec)
			if err != nil {
				t.Error(err)
				return
			}
			if err := stage.Build(t.Context(), name+".wasm", staging.BuildOptions{LDFlags: "-s"}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	checkEntries(t, dir, "0", "0.wasm", "1", "1.wasm", "2", "2.wasm")
}
