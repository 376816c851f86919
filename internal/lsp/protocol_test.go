package lsp_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/internal/lsp"
	"github.com/cofaas/cofaas/internal/lsp/lsptest"
)

// raw is a client that says what it is told to, byte for byte.
type raw struct {
	t       *testing.T
	conn    net.Conn
	answers chan answer // closed when the server hangs up
	ended   chan error
}

func connect(t *testing.T, a *analysis.Analyzer) *raw {
	t.Helper()
	client, server := net.Pipe()
	r := &raw{t, client, make(chan answer, 100), make(chan error, 1)}
	go func() {
		r.ended <- lsp.Serve(context.Background(), server, lsp.Options{Analyzer: a, Delay: time.Millisecond})
	}()
	go r.read()
	t.Cleanup(func() { client.Close() })
	return r
}

// send sends a message; the server may hang up in its middle.
func (r *raw) send(body string) {
	_, _ = fmt.Fprintf(r.conn, "Content-Length: %d\r\n\r\n%s", len(body), body)
}

type answer struct {
	ID     json.RawMessage `json:"id"`
	Method string          `json:"method"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// read collects the answers among what the server says.
func (r *raw) read() {
	defer close(r.answers)
	in := textproto.NewReader(bufio.NewReader(r.conn))
	for {
		header, err := in.ReadMIMEHeader()
		if err != nil {
			return
		}
		n, err := strconv.Atoi(header.Get("Content-Length"))
		if err != nil {
			r.t.Error(err)
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in.R, body); err != nil {
			return
		}
		var a answer
		if err := json.Unmarshal(body, &a); err != nil {
			r.t.Error(err)
		} else if a.Method == "" {
			r.answers <- a
		}
	}
}

// answer returns the next answer.
func (r *raw) answer() answer {
	r.t.Helper()
	select {
	case a, ok := <-r.answers:
		if !ok {
			r.t.Fatal("the server has hung up")
		}
		return a
	case <-time.After(lsptest.Timeout):
		r.t.Fatal("no answer")
		return answer{}
	}
}

// end waits until the server has ended, and returns with what error.
func (r *raw) end() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(lsptest.Timeout):
		r.t.Fatal("the server does not end")
		return nil
	}
}

// TestErrors checks that whatever a client says gets the answer that the protocol has for it, and that the server then goes on.
func TestErrors(t *testing.T) {
	t.Parallel()
	r := connect(t, marker())
	hover := `"method":"textDocument/hover","params":{"textDocument":{"uri":"file:///none/none.go"},"position":{"line":0,"character":0}}`
	steps := []struct {
		name, send string
		code       int // 0: a result
		id         string
	}{
		{"before initialize", `{"jsonrpc":"2.0","id":1,` + hover + `}`, -32002, "1"},
		{"no JSON", `{"jsonrpc":"2.0","id":2,`, -32700, "null"},
		{"no object", `42`, -32600, "null"},
		{"neither request nor response", `{"jsonrpc":"2.0","id":3}`, -32600, "3"},
		{"empty", ``, -32700, "null"},
		{"initialize without parameters", `{"jsonrpc":"2.0","id":4,"method":"initialize"}`, -32602, "4"},
		{"initialize", `{"jsonrpc":"2.0","id":"five","method":"initialize","params":{"rootUri":null,"capabilities":{},"unknown":[1]}}`, 0, `"five"`},
		{"initialize again", `{"jsonrpc":"2.0","id":6,"method":"initialize","params":{"capabilities":{}}}`, -32600, "6"},
		{"unknown method", `{"jsonrpc":"2.0","id":7,"method":"textDocument/dance","params":{}}`, -32601, "7"},
		{"wrong parameters", `{"jsonrpc":"2.0","id":8,"method":"textDocument/hover","params":{"position":"here"}}`, -32602, "8"},
		{"a file that is not there", `{"jsonrpc":"2.0","id":9,` + hover + `}`, 0, "9"},
		{"no file", `{"jsonrpc":"2.0","id":10,` + strings.Replace(hover, "file://", "untitled:", 1) + `}`, 0, "10"},
		{"an ID that is no number", `{"jsonrpc":"2.0","id":[],` + hover + `}`, -32600, "[]"},
		{"shutdown", `{"jsonrpc":"2.0","id":11,"method":"shutdown"}`, 0, "11"},
		{"after shutdown", `{"jsonrpc":"2.0","id":12,` + hover + `}`, -32600, "12"},
	}
	notifications := []string{
		`{"jsonrpc":"2.0","method":"textDocument/didChange","params":{"textDocument":{"uri":"file:///none.go","version":2},"contentChanges":[{"text":"x"}]}}`,
		`{"jsonrpc":"2.0","method":"textDocument/didChange","params":7}`,
		`{"jsonrpc":"2.0","method":"textDocument/didOpen"}`,
		`{"jsonrpc":"2.0","method":"textDocument/didClose","params":{"textDocument":{"uri":"file:///none.go"}}}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":99}}`,
		`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":{}}}`,
		`{"jsonrpc":"2.0","method":"$/unknown","params":{}}`,
		`{"jsonrpc":"2.0","id":1234,"result":null}`,
	}
	for _, step := range steps {
		r.send(step.send)
		a := r.answer()
		code := 0
		if a.Error != nil {
			code = a.Error.Code
		}
		if code != step.code || string(a.ID) != step.id {
			t.Errorf("%s: got %+v (%+v), want code %d for ID %s", step.name, a, a.Error, step.code, step.id)
		}
		if step.name == "initialize" {
			for _, n := range notifications { // to which there are no answers
				r.send(n)
			}
		}
	}
	r.send(`{"jsonrpc":"2.0","method":"exit"}`)
	if err := r.end(); err != nil {
		t.Errorf("the server ends with %v", err)
	}
}

// TestEdits checks that documents follow the edits of the client, and survive edits that make no sense.
func TestEdits(t *testing.T) {
	t.Parallel()
	dir := lsptest.Extract(t, plain)
	lib := filepath.Join(dir, "lib/lib.go")
	c := serve(t, marker())
	c.Initialize(nil, dir)
	c.Open(lib)
	c.Wait(lib, "findings", found(2))
	change := func(version int, changes ...any) {
		c.Notify("textDocument/didChange", map[string]any{
			"textDocument": map[string]any{"uri": lsptest.URI(lib), "version": version}, "contentChanges": changes,
		})
	}
	at := func(line, from, to int, text string) any {
		return map[string]any{"range": lsptest.Range{
			Start: lsptest.Position{Line: line, Character: from}, End: lsptest.Position{Line: line, Character: to},
		}, "text": text}
	}
	change(10, map[string]any{"text": "package lib\n\n// 🙂\nfunc Do() {}\n"})
	c.Wait(lib, "no findings", found(0))
	change(11, at(2, 4, 5, "x")) // in the middle of a surrogate pair
	c.WaitLog("surrogate pair")
	change(12, at(99, 0, 0, "x"))
	c.WaitLog("line 100 of 5")
	change(13, map[string]any{"range": lsptest.Range{Start: lsptest.Position{Line: 3}, End: lsptest.Position{Line: 1}}, "text": "x"})
	c.WaitLog("ends before it starts")
	// Several edits at once, each about the text after those before it; the end of a line may be given as too far.
	change(14, at(2, 3, 5, "é"), at(2, 4, 999, "\nvar findIt int"), map[string]any{"range": lsptest.Range{
		Start: lsptest.Position{Line: 3, Character: 4}, End: lsptest.Position{Line: 3, Character: 10},
	}, "text": "findThem"})
	p := c.Wait(lib, "a finding", found(1))
	if d := p.Diagnostics[0]; d.Message != "found findThem" || d.Range.Start != (lsptest.Position{Line: 3, Character: 4}) {
		t.Errorf("got %+v", d)
	}
	c.Shutdown()
}

// TestEnd checks how the server ends.
func TestEnd(t *testing.T) {
	t.Parallel()
	t.Run("Exit", func(t *testing.T) {
		r := connect(t, marker())
		r.send(`{"jsonrpc":"2.0","method":"exit"}`)
		if err := r.end(); err == nil || !strings.Contains(err.Error(), "exits without having shut down") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("HangUp", func(t *testing.T) {
		r := connect(t, marker())
		r.conn.Close()
		if err := r.end(); err == nil || !strings.Contains(err.Error(), "hangs up") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("NoLength", func(t *testing.T) {
		r := connect(t, marker())
		_, _ = io.WriteString(r.conn, "Content-Type: text/plain\r\n\r\n{}")
		if err := r.end(); err == nil {
			t.Error("got no error")
		}
	})
	t.Run("Truncated", func(t *testing.T) {
		r := connect(t, marker())
		_, _ = io.WriteString(r.conn, "Content-Length: 100\r\n\r\n{}")
		r.conn.Close()
		if err := r.end(); err == nil {
			t.Error("got no error")
		}
	})
}

// TestCancel cancels a request that waits for the first analysis.
func TestCancel(t *testing.T) {
	t.Parallel()
	dir := lsptest.Extract(t, plain)
	// The analysis does not end before the request has been cancelled.
	cancelled := make(chan struct{})
	a := marker()
	a.Run = func(*analysis.Pass) (any, error) { <-cancelled; return nil, nil }
	r := connect(t, a)
	release := sync.OnceFunc(func() { close(cancelled) })
	t.Cleanup(release)
	r.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"capabilities":{},"rootUri":%q}}`, lsptest.URI(dir)))
	r.answer()
	r.send(fmt.Sprintf(`{"jsonrpc":"2.0","id":2,"method":"textDocument/hover","params":{"textDocument":{"uri":%q},"position":{"line":0,"character":0}}}`,
		lsptest.URI(filepath.Join(dir, "main.go"))))
	r.send(`{"jsonrpc":"2.0","method":"$/cancelRequest","params":{"id":2}}`)
	if a := r.answer(); string(a.ID) != "2" || a.Error == nil || a.Error.Code != -32800 {
		t.Errorf("got %+v, want that it was cancelled", a)
	}
	release()
	r.send(`{"jsonrpc":"2.0","id":3,"method":"shutdown"}`)
	r.answer()
	r.send(`{"jsonrpc":"2.0","method":"exit"}`)
	if err := r.end(); err != nil {
		t.Error(err)
	}
}
