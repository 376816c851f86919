package main

import (
	"bytes"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/internal/lsp/lsptest"
)

// TestLSP runs the command as an editor does.
func TestLSP(t *testing.T) {
	t.Parallel()
	tool := filepath.Join(t.TempDir(), "cofaas-vet")
	if out, err := exec.Command("go", "build", "-o", tool, ".").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	dir := lsptest.Extract(t, `
-- go.mod --
module example.com/idle

go 1.26.0
-- idle.go --
//go:build idle

package main

//go:generate go tool cofaas-gen

func main() {}
`)
	file := filepath.Join(dir, "idle.go")
	c := lsptest.Start(t, exec.Command(tool, "lsp", "-stdio", "-tags=idle"))
	if result := c.Initialize(nil, dir); !strings.Contains(string(result), `"name":"cofaas-vet"`) {
		t.Errorf("got %s", result)
	}
	p := c.Wait(file, "a finding", func(p lsptest.Published) bool { return len(p.Diagnostics) == 1 })
	if d := p.Diagnostics[0]; d.Code != "no-service" || d.Source != "cofaas" {
		t.Errorf("got %+v", d)
	}
	c.Shutdown()
}

func TestLSP_Errors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		args   []string
		status int
		stderr string
	}{
		{"Help", []string{"-h"}, exitClean, "usage: cofaas-vet lsp"},
		{"UnknownFlag", []string{"-unknown"}, exitFailure, "flag provided but not defined"},
		{"Argument", []string{"./..."}, exitFailure, `unexpected argument "./..."`},
		{"NoStdio", []string{"-stdio=false"}, exitFailure, "no other way"},
		{"HangUp", nil, exitFindings, "hangs up without having shut down the server"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var stderr bytes.Buffer
			conn := stdio{io.NopCloser(strings.NewReader("")), nil}
			if got := runLSP(test.args, conn, &stderr); got != test.status {
				t.Errorf("status %d, want %d", got, test.status)
			}
			if !strings.Contains(stderr.String(), test.stderr) {
				t.Errorf("got %q, want %q", stderr.String(), test.stderr)
			}
		})
	}
}
