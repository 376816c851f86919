package lsp_test

import (
	"context"
	"go/ast"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/internal/lsp"
	"github.com/cofaas/cofaas/internal/lsp/lsptest"
)

// serve starts a server and returns a client of it, which has to shut it down.
func serve(t *testing.T, a *analysis.Analyzer) *lsptest.Client {
	t.Helper()
	client, server := net.Pipe()
	ended := make(chan error, 1)
	go func() {
		ended <- lsp.Serve(context.Background(), server, lsp.Options{Analyzer: a, Delay: 10 * time.Millisecond})
	}()
	t.Cleanup(func() {
		client.Close()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("the server ends with %v", err)
			}
		case <-time.After(lsptest.Timeout):
			t.Error("the server does not end")
		}
	})
	return lsptest.Connect(t, client)
}

// marker is an analyzer whose findings tests can place at will: at each identifier whose name begins with "find".
func marker() *analysis.Analyzer {
	return &analysis.Analyzer{
		Name: "marker",
		Doc:  "marker: report identifiers that tests place",
		URL:  "https://example.com/marker",
		Run: func(pass *analysis.Pass) (any, error) {
			for _, file := range pass.Files {
				ast.Inspect(file, func(n ast.Node) bool {
					id, ok := n.(*ast.Ident)
					switch {
					case !ok:
					case id.Name == "panicHere":
						panic("found panicHere")
					case strings.HasPrefix(id.Name, "find"):
						pass.Report(analysis.Diagnostic{
							Pos: id.Pos(), Category: "found", Message: "found " + id.Name,
							Related: []analysis.RelatedInformation{{Pos: file.Package, Message: "in this file"}},
							SuggestedFixes: []analysis.SuggestedFix{{
								Message:   "Rename it",
								TextEdits: []analysis.TextEdit{{Pos: id.Pos(), End: id.End(), NewText: []byte("kept")}},
							}},
						})
					}
					return true
				})
			}
			return nil, nil
		},
	}
}

const plain = `
-- go.mod --
module example.com/plain

go 1.26.0
-- main.go --
package main

//go:generate go tool cofaas-gen

import "example.com/plain/lib"

func main() {
	lib.Do()
}
-- lib/lib.go --
package lib

func Do() {
	/* Größe 🙂 */ findMe := 1; _ = findMe + /* 🙂🙂 */ 2
}
`

// found is true of what has n findings.
func found(n int) func(lsptest.Published) bool {
	return func(p lsptest.Published) bool { return p.URI != "" && len(p.Diagnostics) == n }
}

func TestDiagnostics(t *testing.T) {
	t.Parallel()
	dir := lsptest.Extract(t, plain)
	main, lib := filepath.Join(dir, "main.go"), filepath.Join(dir, "lib/lib.go")
	c := serve(t, marker())
	c.Initialize(nil, dir)

	// Without any file open.
	p := c.Wait(lib, "two findings", found(2))
	c.WaitProgress("Analysing functions")
	c.Open(lib)
	c.Open(main)
	at := c.Find(lib, "findMe := 1", 0)
	if want := 16; at.Character != want {
		t.Fatalf("the test counts %d code units, want %d", at.Character, want)
	}
	d := p.Diagnostics[0]
	want := lsptest.Range{Start: at, End: lsptest.Position{Line: at.Line, Character: at.Character + len("findMe")}}
	if d.Range != want || d.Message != "found findMe" || d.Code != "found" || d.Source != "cofaas" || d.Severity != 1 {
		t.Errorf("got %+v, want it at %v", d, want)
	}
	if d.CodeDescription == nil || d.CodeDescription.Href != "https://example.com/marker#found" {
		t.Errorf("explained at %+v", d.CodeDescription)
	}
	if r := d.RelatedInformation; len(r) != 1 || r[0].Message != "in this file" || r[0].Location.URI != lsptest.URI(lib) {
		t.Errorf("related: %+v", r)
	}

	t.Run("Unsaved", func(t *testing.T) {
		v := c.Replace(main, "lib.Do()", "lib.Do()\n\tfindHere := 0\n\t_ = findHere")
		p := c.Wait(main, "findings in a buffer", found(2))
		if p.Version == nil || *p.Version != v {
			t.Errorf("version %v, want %d", p.Version, v)
		}
		c.Replace(main, "\n\tfindHere := 0\n\t_ = findHere", "")
		c.Wait(main, "no findings", found(0))
	})
	t.Run("Broken", func(t *testing.T) {
		c.Replace(main, "lib.Do()", "lib.Do()\n\tfindHere := 0\n\t_ = findHere")
		c.Wait(main, "findings", found(2))
		before := len(c.All())
		c.Replace(main, "findHere := 0", "findHere := undefined(")
		c.Replace(lib, "findMe := 1;", "findMe := 1; findThis := 0; _ = findThis;")
		// The dependency compiles and is reported on; main keeps what it had.
		c.Wait(lib, "findings", found(4))
		if p := c.Wait(main, "what it had", func(lsptest.Published) bool { return true }); len(p.Diagnostics) != 2 || len(c.All()) != before {
			t.Errorf("got %+v", p)
		}
		// What it had is about a text that is no more.
		if got := codeActions(c, main, c.Find(main, "_ = findHere", 5), ""); len(got) != 0 {
			t.Errorf("got %+v for broken code", got)
		}
		c.Replace(main, "findHere := undefined(", "x := 0")
		c.Replace(main, "_ = findHere", "_ = x")
		c.Wait(main, "no findings", found(0))
		c.Replace(lib, " findThis := 0; _ = findThis;", "")
		c.Wait(lib, "findings", found(2))
	})
	t.Run("Fix", func(t *testing.T) {
		actions := codeActions(c, lib, at, "")
		if len(actions) != 1 || actions[0].Title != "Rename it" || actions[0].Kind != "quickfix" || !actions[0].IsPreferred {
			t.Fatalf("got %+v, want one fix", actions)
		}
		changes := actions[0].Edit.DocumentChanges
		if len(changes) != 1 || changes[0].TextDocument.Version == nil {
			t.Fatalf("got %+v, want a change of one version", changes)
		}
		if got := codeActions(c, lib, at, "source.organizeImports"); len(got) != 0 {
			t.Errorf("asked for others, got %+v", got)
		}
		if got := codeActions(c, lib, lsptest.Position{}, ""); len(got) != 0 {
			t.Errorf("asked elsewhere, got %+v", got)
		}
		second := codeActions(c, lib, c.Find(lib, "findMe + ", 1), "")
		if len(second) != 1 {
			t.Fatalf("got %+v, want one fix", second)
		}
		c.Edit(lib, append(changes[0].Edits, second[0].Edit.DocumentChanges[0].Edits...)...)
		if text := c.Text(lib); !strings.Contains(text, "/* Größe 🙂 */ kept := 1; _ = kept + /* 🙂🙂 */ 2") {
			t.Errorf("fixed:\n%s", text)
		}
		c.Wait(lib, "no findings", found(0))
	})
	t.Run("Hover", func(t *testing.T) {
		var h lsptest.Hover
		c.Call("textDocument/hover", lsptest.At(main, c.Find(main, "//go:generate", 3)), &h)
		if want := "Where calls go is not known: "; !strings.Contains(h.Contents.Value, want) || !strings.Contains(h.Contents.Value, "no gRPC service") {
			t.Errorf("got %q, want %q and why", h.Contents.Value, want)
		}
	})
	t.Run("Close", func(t *testing.T) {
		c.Close(lib) // unsaved, so that what is on disk counts again
		p := c.Wait(lib, "findings of the file on disk", found(2))
		if p.Version != nil {
			t.Errorf("version %d of a file that is not open", *p.Version)
		}
	})
	t.Run("Panic", func(t *testing.T) {
		c.Replace(main, "lib.Do()", "lib.Do()\n\tpanicHere := 0\n\t_ = panicHere")
		c.WaitLog("panic: found panicHere")
		c.Replace(main, "\n\tpanicHere := 0\n\t_ = panicHere", "\n\tfindLast := 0\n\t_ = findLast")
		c.Wait(main, "findings", found(2))
	})
	t.Run("Structure", func(t *testing.T) {
		// A package that no function imports is none of ours, and one that comes to be imported is.
		other := filepath.Join(dir, "other/other.go")
		c.OpenText(other, "package other\n\nvar FindNothing, findSomething = 1, 2\n")
		c.Replace(main, `import "example.com/plain/lib"`, "import (\n\t\"example.com/plain/lib\"\n\t_ \"example.com/plain/other\"\n)")
		c.Wait(other, "findings in a file that is on no disk", found(1))
		c.Replace(main, "\n\t_ \"example.com/plain/other\"", "")
		c.Wait(other, "no findings", found(0))
		c.Replace(main, "//go:generate go tool cofaas-gen\n", "")
		c.Wait(main, "no findings in what is no function", found(0))
		c.Wait(lib, "no findings in what is part of none", found(0))
		c.Replace(main, "import (", "//go:generate go tool cofaas-gen\n\nimport (")
		c.Wait(main, "findings", found(2))
	})
	t.Run("Disk", func(t *testing.T) {
		extra := filepath.Join(dir, "lib/extra.go")
		lsptest.Write(t, extra, "package lib\n\nvar findExtra = 1\n")
		c.Notify("workspace/didChangeWatchedFiles", map[string]any{"changes": []any{map[string]any{"uri": lsptest.URI(extra), "type": 1}}})
		c.Wait(extra, "findings in a new file", found(1))
		lsptest.Write(t, extra, "package lib\n\nvar findExtra, findMore = 1, 2\n")
		c.Notify("textDocument/didSave", map[string]any{"textDocument": map[string]any{"uri": lsptest.URI(extra)}})
		c.Wait(extra, "findings in a changed file", found(2))
	})
	c.Shutdown()
}

type action struct {
	Title       string                `json:"title"`
	Kind        string                `json:"kind"`
	IsPreferred bool                  `json:"isPreferred"`
	Edit        lsptest.WorkspaceEdit `json:"edit"`
}

func codeActions(c *lsptest.Client, file string, at lsptest.Position, only string) []action {
	context := map[string]any{"diagnostics": []any{}}
	if only != "" {
		context["only"] = []string{only}
	}
	var list []action
	c.Call("textDocument/codeAction", map[string]any{
		"textDocument": map[string]any{"uri": lsptest.URI(file)}, "range": lsptest.Range{Start: at, End: at}, "context": context,
	}, &list)
	return list
}

// TestFolders opens folders and files of all kinds: two modules, a workspace with a module beside it, and no module at all.
func TestFolders(t *testing.T) {
	t.Parallel()
	dir := lsptest.Extract(t, `
-- one/go.mod --
module example.com/one

go 1.26.0
-- one/main.go --
package main

//go:generate go tool cofaas-gen

func main() { findOne() }

func findOne() {}
-- work/go.work --
go 1.26.0

use ./two
-- work/two/go.mod --
module example.com/two

go 1.26.0
-- work/two/main.go --
package main

//go:generate go tool cofaas-gen

func main() { findTwo() }

func findTwo() {}
-- work/three/go.mod --
module example.com/three

go 1.26.0
-- work/three/main.go --
package main

//go:generate go tool cofaas-gen

func main() { findThree() }

func findThree() {}
-- none/main.go --
package main

//go:generate go tool cofaas-gen

func main() { findNone() }

func findNone() {}
-- broken/go.mod --
module example.com/broken

require what is this
`)
	c := serve(t, marker())
	one, two, three := filepath.Join(dir, "one/main.go"), filepath.Join(dir, "work/two/main.go"), filepath.Join(dir, "work/three/main.go")
	c.Initialize(nil, filepath.Join(dir, "one"), filepath.Join(dir, "broken"))
	c.Wait(one, "findings", found(2))
	c.WaitLog("broken")
	folders := func(added, removed []any) {
		c.Notify("workspace/didChangeWorkspaceFolders", map[string]any{"event": map[string]any{"added": added, "removed": removed}})
	}
	folders([]any{map[string]any{"uri": lsptest.URI(filepath.Join(dir, "work")), "name": "work"}}, []any{})
	c.Wait(two, "findings", found(2))
	c.Open(three) // which go.work does not use
	c.Wait(three, "findings", found(2))
	c.Open(filepath.Join(dir, "none/main.go"))
	c.WaitLog("in no module")
	c.OpenText(filepath.Join(dir, "one/notes.txt"), "findNothing")
	c.Notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{"uri": "untitled:Untitled-1", "version": 1, "text": "package p"}})
	folders([]any{}, []any{map[string]any{"uri": lsptest.URI(filepath.Join(dir, "one")), "name": "one"}})
	c.Wait(one, "no findings after its folder has gone", found(0))
	c.Close(three)
	c.Wait(three, "no findings after it was closed", found(0))
	lsptest.Write(t, filepath.Join(dir, "broken/go.mod"), "module example.com/broken\n\ngo 1.26.0\n")
	lsptest.Write(t, filepath.Join(dir, "broken/main.go"), "package main\n\n//go:generate go tool cofaas-gen\n\nfunc main() { _ = findMended }\n\nvar findMended int\n")
	c.Notify("textDocument/didSave", map[string]any{"textDocument": map[string]any{"uri": lsptest.URI(filepath.Join(dir, "broken/go.mod"))}})
	c.Wait(filepath.Join(dir, "broken/main.go"), "findings after go.mod was mended", found(2))
	c.Shutdown()
}
