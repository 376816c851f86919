package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const profile = `{"version":1,"root":"front","seconds":1,
"functions":[
 {"name":"front","place":"wasm","places":["wasm"],"compute":"measured","methods":[{"method":"/s.Front/Do","calls":100,"self":{"samples":10,"total_ns":100000}}]},
 {"name":"back","place":"wasm","places":["wasm","native"],"compute":"measured","methods":[{"method":"/s.Back/Do","calls":100,"self":{"samples":10,"total_ns":900000000}}]}],
"edges":[
 {"to":"front","method":"/s.Front/Do","calls":100,"time":{"samples":10,"total_ns":1000000000},"requests":{"count":100,"bytes":100},"replies":{"count":100,"bytes":100}},
 {"from":"front","to":"back","method":"/s.Back/Do","calls":100,"time":{"samples":10,"total_ns":910000000},"requests":{"count":100,"bytes":100},"replies":{"count":100,"bytes":100}}]}`

func TestAdvise(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good := write("good.json", profile)
	broken := write("broken.json", `{"version":1`)
	old := write("old.json", `{"version":0}`)
	for _, tt := range []struct {
		name           string
		args           []string
		code           int
		stdout, stderr []string
	}{
		{"text", []string{good}, 0, []string{"Costs of calls: defaults, not measured on this machine.", "back computes 9.0 ms per call", "-place back=native"}, nil},
		{"help", []string{"-h"}, 0, nil, []string{"cofaas-gen advise [flags] PROFILE...", "-calibrate"}},
		{"no profile", nil, 2, nil, []string{"advise: name the profiles, which hosts write with -profile FILE"}},
		{"unknown flag", []string{"-quick"}, 2, nil, []string{"flag provided but not defined: -quick"}},
		{"no file", []string{filepath.Join(dir, "none")}, 1, nil, []string{"none: no such file"}},
		{"all that is wrong", []string{broken, good, old}, 1, nil, []string{
			broken + ": is no profile: unexpected end of JSON input", old + ": is a profile of version 0, and this cofaas-gen reads version 1",
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := run(t.Context(), append([]string{"advise"}, tt.args...), &stdout, &stderr); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			for _, c := range []struct {
				name, got string
				want      []string
			}{{"stdout", stdout.String(), tt.stdout}, {"stderr", stderr.String(), tt.stderr}} {
				for _, want := range c.want {
					if !strings.Contains(c.got, want) {
						t.Errorf("%s lacks %q:\n%s", c.name, want, c.got)
					}
				}
				if len(c.want) == 0 && c.got != "" {
					t.Errorf("%s has %q", c.name, c.got)
				}
			}
		})
	}
	var stdout, stderr bytes.Buffer
	if code := run(t.Context(), []string{"advise", "-json", good}, &stdout, &stderr); code != 0 || !json.Valid(stdout.Bytes()) {
		t.Errorf("exit code %d: %s%s", code, stdout.String(), stderr.String())
	}
}
