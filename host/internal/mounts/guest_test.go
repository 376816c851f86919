package mounts

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// A Go program in a guest finds what the standard library looks for, and changes nothing.
func TestTree_guest(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	wasm := filepath.Join(t.TempDir(), "guest.wasm")
	build := exec.Command("go", "build", "-buildmode=c-shared", "-o", wasm, "./testdata/guest")
	build.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	code, err := os.ReadFile(wasm)
	if err != nil {
		t.Fatal(err)
	}
	zoneDir := zones(t, "Europe/Berlin", "America/New_York")
	dir := write(t, map[string]string{"a.conf": "content", "sub/c.conf": "c", "ca.pem": certificate(t)})
	if err := os.Symlink("/etc/passwd", filepath.Join(dir, "out")); err != nil {
		t.Fatal(err)
	}
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(t.Context())
	wasi_snapshot_preview1.MustInstantiate(t.Context(), rt)
	compiled, err := rt.CompileModule(t.Context(), code)
	if err != nil {
		t.Fatal(err)
	}
	const rest = `roots: true <nil>
service: 4711 <nil>
file: content <nil>
relative: content <nil>
walk: . <nil>
walk: a.conf <nil>
walk: ca.pem <nil>
walk: out <nil>
walk: sub <nil>
walk: sub/c.conf <nil>
walked: <nil>
`
	for _, tt := range []struct {
		name string
		env  environment
		want string
	}{
		{"by name", environment{"TZ": "Europe/Berlin"}, "local: 2026-07-01T14:00:00+02:00 Europe/Berlin\nzone: 2026-07-01T08:00:00-04:00\n" + rest},
		{"by file", environment{"TZ": zoneDir + "/Europe/Berlin"}, "local: 2026-07-01T14:00:00+02:00 Local\nzone: 2026-07-01T08:00:00-04:00\n" + rest},
		{"UTC", environment{"TZ": ""}, "local: 2026-07-01T12:00:00Z Local\nzone: 2026-07-01T08:00:00-04:00\n" + rest},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.env["ZONEINFO"], tt.env["SSL_CERT_FILE"] = zoneDir, filepath.Join(dir, "ca.pem")
			s := system(t, tt.env)
			var tree Tree
			env, err := s.AddZones(&tree)
			if err != nil {
				t.Fatal(err)
			}
			more, err := s.AddNetwork(&tree)
			if err != nil {
				t.Fatal(err)
			}
			if err := tree.AddFile("/etc/services", Bytes("services", []byte("only-here 4711/tcp\n"))); err != nil {
				t.Fatal(err)
			}
			if err := tree.AddFolder("/etc/app", folder(t, dir)); err != nil {
				t.Fatal(err)
			}
			var out bytes.Buffer
			config := wazero.NewModuleConfig().WithName("").WithStartFunctions("_initialize").WithStdout(&out).WithStderr(&out).
				WithFSConfig(wazero.NewFSConfig().WithFSMount(fs.FS(&tree), "/"))
			for _, kv := range append(env, more...) {
				key, value, _ := strings.Cut(kv, "=")
				config = config.WithEnv(key, value)
			}
			mod, err := rt.InstantiateModule(t.Context(), compiled, config)
			if err != nil {
				t.Fatalf("%v\n%s", err, &out)
			}
			if _, err := mod.ExportedFunction("run").Call(t.Context()); err != nil {
				t.Errorf("%v\n%s", err, &out)
			}
			if got := out.String(); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if got, err := os.ReadFile(filepath.Join(dir, "a.conf")); err != nil || string(got) != "content" {
				t.Errorf("the file has changed: %q, %v", got, err)
			}
		})
	}
}
