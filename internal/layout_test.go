// Package internal_test asserts the direction of imports between the parts of the module.
package internal_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
)

const module = "github.com/cofaas/cofaas/"

// rules say what packages below a folder may not import, directly or not; the reason is for whoever breaks one.
var rules = []struct {
	from      string
	forbidden []string
	why       string
}{
	{"analyzer", []string{module + "gen", module + "hostgen", module + "host", module + "internal/generate"}, "the analyzer decides; it does not generate"},
	{"gen", []string{module + "analyzer", module + "host/", module + "internal/generate", "golang.org/x/tools", "github.com/tetratelabs/wazero", "google.golang.org/grpc"}, "generators are pure functions of models"},
	{"hostgen", []string{module + "gen/", module + "host/", "github.com/tetratelabs/wazero"}, "a host main is made from the plan alone"},
	{"host", []string{module + "analyzer", module + "gen", module + "internal/generate", module + "internal/protoload", "golang.org/x/tools", "github.com/emicklei/proto"}, "a host carries no compiler"},
	{"guest", []string{module + "stubs", module + "host", module + "internal", "google.golang.org", "golang.org/x", "github.com/tetratelabs"}, "the guest runtime is the standard library only"},
	{"guestproto", []string{module + "stubs", module + "host", module + "internal", "google.golang.org/grpc", "golang.org/x", "github.com/tetratelabs"}, "this part of the guest runtime adds protobuf, and nothing else"},
	{"channel", []string{module, "google.golang.org", "golang.org/x", "github.com"}, "both ends of a channel link it, and one of them is a function"},
	{"isolate", []string{module + "stubs", module + "host", module + "internal", module + "guestproto", "google.golang.org/grpc", "google.golang.org/genproto", "golang.org/x", "github.com/tetratelabs"}, "the runtime of native isolates is channel, protobuf and the words of guests"},
	{"host/internal/sandbox/launch", []string{module, "google.golang.org", "github.com"}, "it runs before most of a program is initialized, and makes processes isolates"},
	{"internal/advise", []string{module + "host", module + "gen", module + "analyzer", "github.com/tetratelabs"}, "advice follows from a profile alone"},
	{"internal/placement", []string{module, "google.golang.org", "golang.org/x"}, "where functions run is said to generation and to hosts"},
	{"stubs", []string{module + "host", module + "internal", "google.golang.org/grpc", "golang.org/x/tools", "github.com/tetratelabs"}, "stubs stand in for grpc-go; they must not bring it along"},
	{"internal/routing", []string{module, "google.golang.org", "golang.org/x"}, "the rule of routing is linked into hosts, and plans follow it"},
	{"internal/netrules", []string{module, "google.golang.org", "golang.org/x"}, "the rules of the network are linked into hosts, and the generator checks them"},
	{"internal/layered", []string{module, "google.golang.org", "golang.org/x"}, "a layout is a pure function of a graph"},
	{"internal/goload", []string{module, "google.golang.org"}, "what the go command could not do has nothing to do with what is done with packages"},
	{"internal/loader", []string{module + "analyzer", module + "gen", module + "host", module + "hostgen", module + "internal/generate", module + "internal/plan", module + "internal/staging", "google.golang.org"}, "loading packages knows nothing of what they are analysed for"},
	{"internal/netoverlay", []string{module, "google.golang.org", "golang.org/x"}, "what guests have for package net depends on the Go release only"},
	{"internal/results", []string{module, "google.golang.org"}, "results are kept whatever they are about"},
	{"internal/abi", []string{"google.golang.org", module + "internal/model", module + "internal/mapping"}, "the ABI knows value types only"},
	{"internal/model", []string{module + "internal/abi", module + "internal/mapping", "golang.org/x/tools"}, "the model knows nothing of memory"},
	{"internal/mapping", []string{"golang.org/x/tools", "github.com/tetratelabs"}, "the mapping knows nothing of Go or engines"},
	{"internal/lsp", []string{module + "gen/", module + "hostgen", module + "host/", module + "internal/generate", module + "internal/staging", "github.com/tetratelabs/wazero"}, "the language server shows what is decided; it does not generate"},
	{"internal/lsp/session", []string{module + "internal/lsp/", "github.com/sourcegraph/jsonrpc2"}, "a session knows nothing of the protocol"},
	{"host/internal/sandbox", []string{module + "channel", module + "host/engine", "google.golang.org", "github.com/tetratelabs"}, "whoever starts processes knows nothing of what they say"},
	{"host/engine", []string{"google.golang.org/grpc", module + "internal/model"}, "an engine executes; it knows no gRPC"},
}

// onlyWazero is the one package that may import the engine's library.
const onlyWazero = module + "host/engine/wazero"

// onlyLSP is the folder of the packages that may import the library for JSON-RPC.
const onlyLSP = module + "internal/lsp"

type pkg struct {
	ImportPath string
	Imports    []string
	Deps       []string
}

func TestImportDirections(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps=false", "-json=ImportPath,Imports,Deps", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var pkgs []pkg
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		pkgs = append(pkgs, p)
	}
	for _, r := range rules {
		matched := false
		for _, p := range pkgs {
			if !below(p.ImportPath, module+r.from) {
				continue
			}
			matched = true
			for _, dep := range p.Deps {
				for _, f := range r.forbidden {
					if below(dep, f) {
						t.Errorf("%s imports %s: %s", p.ImportPath, dep, r.why)
					}
				}
			}
		}
		if !matched {
			t.Errorf("no package is below %s: the rule is out of date", r.from)
		}
	}
	for _, p := range pkgs {
		for _, imp := range p.Imports {
			if below(imp, "github.com/tetratelabs/wazero") && p.ImportPath != onlyWazero {
				t.Errorf("%s imports %s: only %s knows the engine", p.ImportPath, imp, onlyWazero)
			}
			if below(imp, "github.com/sourcegraph/jsonrpc2") && !below(p.ImportPath, onlyLSP) {
				t.Errorf("%s imports %s: only %s speaks JSON-RPC", p.ImportPath, imp, onlyLSP)
			}
		}
	}
}

// TestWasmGuests checks that guests are not given what belongs to native isolates.
func TestWasmGuests(t *testing.T) {
	cmd := exec.Command("go", "list", "-deps", "./stubs/...", "./guest/...", "./guestproto")
	cmd.Dir = ".."
	cmd.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm")
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	for _, p := range strings.Fields(string(out)) {
		if below(p, module+"isolate") || below(p, module+"channel") {
			t.Errorf("guests link %s, which is for native isolates", p)
		}
	}
}

// below reports whether a path is a folder or below it; a folder that ends in a slash excludes itself.
func below(path, folder string) bool {
	if f, ok := strings.CutSuffix(folder, "/"); ok {
		return strings.HasPrefix(path, f+"/")
	}
	return path == folder || strings.HasPrefix(path, folder+"/")
}
