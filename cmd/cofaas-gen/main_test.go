package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/goproxytest"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/mod/modfile"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){
		"cofaas-gen": func() {
			ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
			code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
			stop()
			os.Exit(code)
		},
	})
}

// TestScripts runs the scripts in testdata, each in a module example.com/app of its own in the folder app. Beside the commands of
// package testscript there are
//
//	exits CODE PROGRAM ARGS...   runs a program that has to end with the code
//	unchanged                    the module is as it was at the last snapshot
//	snapshot                     remembers the module
//	waitfor FILE                 waits until there is a file that matches
func TestScripts(t *testing.T) {
	env := toolchain(t)
	proxy, err := goproxytest.NewServer("testdata/mod", "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Close)
	// What other modules need is in the cache of this machine, which is a proxy too.
	var cache string
	for _, kv := range env {
		if dir, ok := strings.CutPrefix(kv, "GOMODCACHE="); ok {
			cache = dir
		}
	}
	env = append(env, "PROXIES="+proxy.URL+",file://"+filepath.ToSlash(filepath.Join(cache, "cache", "download")))
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Vars = append(e.Vars, env...)
			e.Vars = append(e.Vars, "XDG_CACHE_HOME="+filepath.Join(e.WorkDir, ".cache"), "HOME="+e.WorkDir)
			// The folder of the command itself, for scripts without anything else.
			bin, _, _ := strings.Cut(e.Getenv("PATH"), string(filepath.ListSeparator))
			e.Vars = append(e.Vars, "BIN="+bin)
			e.Cd = filepath.Join(e.WorkDir, "app")
			if err := module(e.Cd); err != nil {
				return err
			}
			snap, err := snapshot(e.Cd)
			e.Values["snapshot"] = snap
			return err
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				got := 0
				var exit *exec.ExitError
				if err := ts.Exec(args[1], args[2:]...); errors.As(err, &exit) {
					got = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if got != want {
					ts.Fatalf("exit code %d, want %d", got, want)
				}
			},
			"snapshot": func(ts *testscript.TestScript, neg bool, args []string) {
				snap, err := snapshot(ts.MkAbs(ts.Getenv("WORK") + "/app"))
				ts.Check(err)
				maps.Copy(ts.Value("snapshot").(map[string]string), snap)
				for name := range ts.Value("snapshot").(map[string]string) {
					if snap[name] == "" {
						delete(ts.Value("snapshot").(map[string]string), name)
					}
				}
			},
			"unchanged": func(ts *testscript.TestScript, neg bool, args []string) {
				got, err := snapshot(ts.MkAbs(ts.Getenv("WORK") + "/app"))
				ts.Check(err)
				want := ts.Value("snapshot").(map[string]string)
				for _, name := range slices.Sorted(maps.Keys(got)) {
					if want[name] != got[name] {
						ts.Fatalf("%s was %q and is %q", name, want[name], got[name])
					}
				}
				for name := range want {
					if got[name] == "" {
						ts.Fatalf("%s is gone", name)
					}
				}
			},
			"waitfor": func(ts *testscript.TestScript, neg bool, args []string) {
				for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
					if found, err := filepath.Glob(ts.MkAbs(args[0])); err == nil && len(found) > 0 {
						return
					}
				}
				ts.Fatalf("no %s in time", args[0])
			},
		},
	})
}

// module makes the module of a script: it requires the toolkit from this tree.
func module(dir string) error {
	root, err := filepath.Abs("../..")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	mod := "module example.com/app\n\ngo 1.26.0\n\nrequire github.com/cofaas/cofaas v0.0.0\n\nreplace github.com/cofaas/cofaas => " + root + "\n"
	data, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return err
	}
	mine, err := modfile.Parse("go.mod", data, nil)
	if err != nil {
		return err
	}
	// All that the toolkit requires, so that the module is tidy enough as it is.
	for _, r := range mine.Require {
		mod += "\nrequire " + r.Mod.Path + " " + r.Mod.Version + "\n"
	}
	if _, err := os.Stat(filepath.Join(dir, "extra.mod")); err == nil {
		extra, err := os.ReadFile(filepath.Join(dir, "extra.mod"))
		if err != nil {
			return err
		}
		mod += "\n" + string(extra)
	}
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte(mod), 0o644); err != nil {
		return err
	}
	sum, err := os.ReadFile(filepath.Join(root, "go.sum"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "go.sum"), sum, 0o644)
}

// toolchain is the environment in which scripts use the go command, without the network.
func toolchain(t *testing.T) (env []string) {
	t.Helper()
	for _, key := range []string{"GOCACHE", "GOMODCACHE", "GOPATH", "GOROOT"} {
		out, err := exec.Command("go", "env", key).Output()
		if err != nil {
			t.Fatal(err)
		}
		env = append(env, key+"="+strings.TrimSpace(string(out)))
	}
	return append(env, "GOFLAGS=", "GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local", "GOWORK=", "CGO_ENABLED=0")
}

// snapshot hashes all files below dir, and notes folders.
func snapshot(dir string) (map[string]string, error) {
	out := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			out[rel] = "a folder"
			return nil
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := d.Info()
		out[rel] = fmt.Sprintf("%x %v", sha256.Sum256(content), info.ModTime())
		return err
	})
	return out, err
}
