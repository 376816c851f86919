package staging_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
	"golang.org/x/mod/zip"
	"golang.org/x/tools/go/packages"
	"golang.org/x/tools/txtar"

	"github.com/cofaas/cofaas/internal/staging"
)

// TestStage runs the cases in testdata. Each is an archive of
//
//	user/FILE              the user's tree
//	mod/PATH@VERSION/FILE  modules that a proxy serves
//	rewrite/PKG/FILE       new content of a file of a package
//	extra/PKG/FILE         a file to add to a package
//	copy/PKG               the path of the rewritten copy of a package
//
// and of what is wanted, as far as the case is about it:
//
//	want/files             the files of the stage
//	want/stage/FILE        the content of one
//	want/preflight         the error of Preflight, with types loaded
//	want/write             the error of Write
//	want/build             the error of Build; the guest is built in any case unless Write failed
//	want/stderr            what the guest prints when its export "run" is called
//
// The comment holds "key: value" lines: main (import path), dir (where the user works, below user), tags, goflags,
// vendor (a directory in which to run go mod vendor), nosum (any value; no go.sum is written), native (any value; a
// program is built for this machine, and runs).
func TestStage(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			t.Parallel()
			c := openCase(t, file)
			if want, ok := c.want["preflight"]; ok {
				c.checkError(t, "Preflight", staging.Preflight(c.platform(t), c.load(t, staging.LoadMode|typesMode)), want)
			}
			dir := t.TempDir()
			stage, err := staging.Write(t.Context(), filepath.Join(dir, "stage"), c.spec(t))
			c.checkError(t, "Write", err, c.want["write"])
			if err != nil {
				return
			}
			c.checkFiles(t, stage.Dir())
			c.checkUntouched(t, stage.Dir())
			wasm := filepath.Join(dir, "guest.wasm")
			err = stage.Build(t.Context(), wasm, staging.BuildOptions{})
			c.checkError(t, "Build", err, c.want["build"])
			if err != nil {
				checkEntries(t, dir, "stage")
				return
			}
			checkEntries(t, dir, "guest.wasm", "stage")
			c.checkReproducible(t, wasm)
			if want, ok := c.want["stderr"]; ok {
				if diff := cmp.Diff(want, c.run(t, wasm)); diff != "" {
					t.Errorf("stderr (-want +got):\n%s", diff)
				}
			}
		})
	}
}

var stageRE = regexp.MustCompile(`/\S*/stage/`)

const typesMode = packages.NeedTypes | packages.NeedSyntax | packages.NeedTypesInfo

type testCase struct {
	file string
	keys map[string]string
	root string // holds the user's tree in user, and the module cache
	env  []string

	rewrite, extra map[string]map[string][]byte // by import path and base name
	copies         map[string]string            // by import path
	want           map[string]string
	sources        map[string]bool // contents of all files of the user's and of modules
}

func openCase(t *testing.T, file string) *testCase {
	t.Helper()
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	root, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	c := &testCase{
		file:    file,
		keys:    make(map[string]string),
		root:    root,
		rewrite: make(map[string]map[string][]byte),
		extra:   make(map[string]map[string][]byte),
		copies:  make(map[string]string),
		want:    make(map[string]string),
		sources: make(map[string]bool),
	}
	for line := range strings.Lines(string(ar.Comment)) {
		if key, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(line, "#") {
			c.keys[key] = value
		}
	}
	c.env = append(os.Environ(),
		"GOPROXY=file://"+filepath.ToSlash(filepath.Join(root, "proxy")),
		"GOMODCACHE="+filepath.Join(root, "cache"),
		"GOSUMDB=off",
		"GONOSUMDB=",
		"GOWORK=",
		"GOFLAGS=-modcacherw",
		"GOTOOLCHAIN=local",
	)
	mods := make(map[string]bool)
	for _, f := range ar.Files {
		kind, name, _ := strings.Cut(f.Name, "/")
		switch kind {
		case "user", "mod":
			c.sources[path.Base(name)+"\n"+string(f.Data)] = true
			write(t, filepath.Join(root, f.Name), f.Data)
			if path, rest, ok := strings.Cut(name, "@"); ok && kind == "mod" {
				version, _, _ := strings.Cut(rest, "/")
				mods[path+"@"+version] = true
			}
		case "rewrite", "extra":
			m := c.rewrite
			if kind == "extra" {
				m = c.extra
			}
			pkg, base := filepath.Split(name)
			pkg = strings.TrimSuffix(pkg, "/")
			if m[pkg] == nil {
				m[pkg] = make(map[string][]byte)
			}
			m[pkg][base] = f.Data
		case "copy":
			c.copies[name] = strings.TrimSpace(string(f.Data))
		case "want":
			c.want[name] = string(f.Data)
		default:
			t.Fatalf("%s: unknown file %s", file, f.Name)
		}
	}
	sums := c.serve(t, slices.Sorted(maps.Keys(mods)))
	if c.keys["nosum"] == "" {
		err := filepath.WalkDir(filepath.Join(root, "user"), func(name string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "go.mod" && sums != "" {
				write(t, filepath.Join(filepath.Dir(name), "go.sum"), []byte(sums))
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if dir, ok := c.keys["vendor"]; ok {
		c.goCommand(t, filepath.Join(root, "user", dir), "mod", "vendor")
	}
	// The module cache is warm: what comes now must not need the proxy.
	c.env = append(c.env, "GOPROXY=off", "GOFLAGS=-modcacherw "+c.keys["goflags"])
	return c
}

// serve makes a proxy and a module cache of the modules, and returns their go.sum.
func (c *testCase) serve(t *testing.T, mods []string) string {
	t.Helper()
	var sums strings.Builder
	for _, mod := range mods {
		path, version, _ := strings.Cut(mod, "@")
		src := filepath.Join(c.root, "mod", mod)
		escaped, err := module.EscapePath(path)
		if err != nil {
			t.Fatal(err)
		}
		base := filepath.Join(c.root, "proxy", escaped, "@v", version)
		gomod, err := os.ReadFile(filepath.Join(src, "go.mod"))
		if errors.Is(err, fs.ErrNotExist) {
			gomod = []byte("module " + path + "\n")
		} else if err != nil {
			t.Fatal(err)
		}
		write(t, base+".mod", gomod)
		write(t, base+".info", []byte(`{"Version":"`+version+`"}`))
		var buf bytes.Buffer
		if err := zip.CreateFromDir(&buf, module.Version{Path: path, Version: version}, src); err != nil {
			t.Fatal(err)
		}
		write(t, base+".zip", buf.Bytes())
		sum, err := dirhash.HashZip(base+".zip", dirhash.Hash1)
		if err != nil {
			t.Fatal(err)
		}
		modSum, err := dirhash.Hash1([]string{"go.mod"}, func(string) (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(gomod)), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		sums.WriteString(path + " " + version + " " + sum + "\n" + path + " " + version + "/go.mod " + modSum + "\n")
		c.goCommand(t, c.root, "mod", "download", mod)
	}
	return sums.String()
}

func (c *testCase) goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = dir
	cmd.Env = c.env
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (c *testCase) dir() string { return filepath.Join(c.root, "user", c.keys["dir"]) }

func (c *testCase) tags() []string {
	if c.keys["tags"] == "" {
		return nil
	}
	return strings.Split(c.keys["tags"], ",")
}

// load loads the closure of the function, as a caller of Write does.
func (c *testCase) load(t *testing.T, mode packages.LoadMode) []*packages.Package {
	t.Helper()
	cfg := &packages.Config{
		Context: t.Context(),
		Mode:    mode,
		Dir:     c.dir(),
		Env:     append(slices.Clone(c.env), c.platform(t).Env()...),
	}
	if c.tags() != nil {
		cfg.BuildFlags = []string{"-tags=" + c.keys["tags"]}
	}
	pkgs, err := packages.Load(cfg, c.keys["main"])
	if err != nil {
		t.Fatal(err)
	}
	return pkgs
}

func (c *testCase) platform(t *testing.T) staging.Platform {
	t.Helper()
	if c.keys["native"] == "" {
		return staging.Platform{}
	}
	platform, err := staging.Native(t.Context(), c.root)
	if err != nil {
		t.Fatal(err)
	}
	return platform
}

func (c *testCase) spec(t *testing.T) staging.Spec {
	t.Helper()
	pkgs := c.load(t, staging.LoadMode)
	rewritten := make(map[string]map[string][]byte)
	for p := range packages.Postorder(pkgs) {
		for base, content := range c.rewrite[p.PkgPath] {
			if rewritten[p.PkgPath] == nil {
				rewritten[p.PkgPath] = make(map[string][]byte)
			}
			rewritten[p.PkgPath][filepath.Join(p.Dir, base)] = content
		}
	}
	return staging.Spec{
		Main:      c.keys["main"],
		Platform:  c.platform(t),
		Packages:  pkgs,
		Rewritten: rewritten,
		Copies:    c.copies,
		Extra:     c.extra,
		Dir:       c.dir(),
		Tags:      c.tags(),
		Env:       c.env,
	}
}

// checkError compares an error with the wanted text, in which $USER and $CACHE are directories of the case, and $PLATFORM is this machine's.
func (c *testCase) checkError(t *testing.T, what string, err error, want string) {
	t.Helper()
	got := ""
	if err != nil {
		got = err.Error() + "\n"
	}
	got = strings.ReplaceAll(got, filepath.Join(c.root, "user"), "$USER")
	got = strings.ReplaceAll(got, filepath.Join(c.root, "cache"), "$CACHE")
	if c.keys["native"] != "" {
		got = strings.ReplaceAll(got, c.platform(t).String(), "$PLATFORM")
	}
	got = stageRE.ReplaceAllString(got, "$$STAGE/")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: error:\n%s\n(-want +got):\n%s", what, got, diff)
	}
}

func (c *testCase) checkFiles(t *testing.T, dir string) {
	t.Helper()
	if want, ok := c.want["files"]; ok {
		var got strings.Builder
		for _, name := range listFiles(t, dir) {
			got.WriteString(name + "\n")
		}
		if diff := cmp.Diff(want, got.String()); diff != "" {
			t.Errorf("files of the stage (-want +got):\n%s", diff)
		}
	}
	for name, want := range c.want {
		file, ok := strings.CutPrefix(name, "stage/")
		if !ok {
			continue
		}
		got, err := os.ReadFile(filepath.Join(dir, file))
		if err != nil {
			t.Error(err)
			continue
		}
		if diff := cmp.Diff(want, string(got)); diff != "" {
			t.Errorf("%s in the stage (-want +got):\n%s", file, diff)
		}
	}
}

// checkUntouched wants every file of the stage that is not rewritten or added to be as it was, byte for byte.
func (c *testCase) checkUntouched(t *testing.T, dir string) {
	t.Helper()
	changed := map[string]bool{"README": true, "go.mod": true, "go.sum": true, "go.work": true, "go.work.sum": true}
	for _, pkgs := range []map[string]map[string][]byte{c.rewrite, c.extra} {
		for pkg, files := range pkgs {
			for base := range files {
				changed[strings.ToLower(path.Join(path.Base(pkg), base))] = true
			}
		}
	}
	for _, name := range listFiles(t, dir) {
		base := path.Base(name)
		in := path.Base(path.Dir(name))
		in, _, _ = strings.Cut(strings.ReplaceAll(in, "!", ""), "@") // the folder of a module
		if in == "main" {                                            // or of the function's
			in = path.Base(c.keys["main"])
		}
		copied := slices.ContainsFunc(slices.Collect(maps.Values(c.copies)), func(p string) bool { return path.Base(p) == in })
		if changed[base] || changed[strings.ToLower(path.Join(in, base))] || copied {
			continue
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if !c.sources[base+"\n"+string(data)] {
			t.Errorf("%s in the stage is not as it was:\n%s", name, data)
		}
	}
}

// checkReproducible builds the case once more, with the user's tree, the module cache and the stage in other places,
// and wants the same bytes.
func (c *testCase) checkReproducible(t *testing.T, wasm string) {
	t.Helper()
	want, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{c.root, filepath.Dir(wasm)} {
		if bytes.Contains(want, []byte(dir)) {
			t.Errorf("the guest contains the name of directory %s", dir)
		}
	}
	dir := t.TempDir()
	stage, err := staging.Write(t.Context(), filepath.Join(dir, "elsewhere", "stage"), openCase(t, c.file).spec(t))
	if err != nil {
		t.Fatal(err)
	}
	again := filepath.Join(dir, "again.wasm")
	if err := stage.Build(t.Context(), again, staging.BuildOptions{}); err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(again)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("two stages with the same content give different guests")
	}
}

// run runs what was built and returns what it prints.
func (c *testCase) run(t *testing.T, program string) string {
	t.Helper()
	if c.keys["native"] == "" {
		return run(t, program)
	}
	if err := os.Chmod(program, 0o755); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	cmd := exec.CommandContext(t.Context(), program)
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return stderr.String()
}

// run calls the export "run" of a guest and returns what it prints.
func run(t *testing.T, wasm string) string {
	t.Helper()
	code, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	ctx := context.Background()
	rt := wazero.NewRuntimeWithConfig(ctx, wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	var stderr bytes.Buffer
	cfg := wazero.NewModuleConfig().WithStartFunctions("_initialize").WithStderr(&stderr).WithSysWalltime().WithSysNanotime()
	guest, err := rt.InstantiateWithConfig(ctx, code, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := guest.ExportedFunction("run").Call(ctx); err != nil {
		t.Fatal(err)
	}
	return stderr.String()
}

func write(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data, 0o666); err != nil {
		t.Fatal(err)
	}
}

// listFiles returns the files below dir, slash-separated and in order.
func listFiles(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, name)
		names = append(names, filepath.ToSlash(rel))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

// checkEntries wants nothing but names in dir, hidden or not.
func checkEntries(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if diff := cmp.Diff(names, got); diff != "" {
		t.Errorf("entries of the output directory (-want +got):\n%s", diff)
	}
}
