// Package lsptest is a client for tests of language servers, as small as one can be that is a real one: it keeps documents open,
// collects what the server publishes, and answers what servers ask of editors.
package lsptest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sourcegraph/jsonrpc2"
)

// Timeout is how long the client waits for anything.
const Timeout = 5 * time.Minute

// A Client is connected to a server. Its methods end the test if something goes wrong.
type Client struct {
	t       testing.TB
	conn    *jsonrpc2.Conn
	process *exec.Cmd // if the server is one

	mu        sync.Mutex
	changed   chan struct{} // closed when the server has said something
	published map[string]Published
	logs      []string
	progress  map[string]string // messages of work that has ended, by title
	titles    map[string]string
	texts     map[string]string // of open documents, by URI
	versions  map[string]int
}

// Start runs a server that speaks on its standard input and output.
func Start(t testing.TB, cmd *exec.Cmd) *Client {
	t.Helper()
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() }) // which fails if it has ended, as it should
	c := Connect(t, pipe{out, in})
	c.process = cmd
	return c
}

type pipe struct {
	io.ReadCloser
	w io.WriteCloser
}

func (p pipe) Write(b []byte) (int, error) { return p.w.Write(b) }
func (p pipe) Close() error                { return errors.Join(p.w.Close(), p.ReadCloser.Close()) }

// Connect talks to a server at the other end of conn.
func Connect(t testing.TB, conn io.ReadWriteCloser) *Client {
	c := &Client{
		t: t, changed: make(chan struct{}), published: map[string]Published{},
		progress: map[string]string{}, titles: map[string]string{}, texts: map[string]string{}, versions: map[string]int{},
	}
	stream := jsonrpc2.NewBufferedStream(conn, jsonrpc2.VSCodeObjectCodec{})
	c.conn = jsonrpc2.NewConn(context.Background(), stream, jsonrpc2.HandlerWithError(c.handle), jsonrpc2.SetLogger(log.New(io.Discard, "", 0)))
	return c
}

// handle answers and collects what the server sends, in its order.
func (c *Client) handle(_ context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) (any, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	var params json.RawMessage
	if r.Params != nil {
		params = *r.Params
	}
	switch r.Method {
	case "textDocument/publishDiagnostics":
		var p Published
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, err
		}
		c.published[p.URI] = p
	case "window/logMessage", "window/showMessage":
		var p struct{ Message string }
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, err
		}
		c.logs = append(c.logs, p.Message)
	case "$/progress":
		var p struct {
			Token any
			Value struct{ Kind, Title, Message string }
		}
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, err
		}
		token := fmt.Sprint(p.Token)
		switch p.Value.Kind {
		case "begin":
			c.titles[token] = p.Value.Title
		case "end":
			c.progress[c.titles[token]] = p.Value.Message
		}
	case "workspace/configuration":
		var p struct{ Items []any }
		if err := json.Unmarshal(params, &p); err != nil {
			return nil, err
		}
		return make([]any, len(p.Items)), nil
	case "client/registerCapability", "client/unregisterCapability", "window/workDoneProgress/create", "window/showMessageRequest":
		return nil, nil
	default:
		if !r.Notif {
			return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: r.Method}
		}
	}
	close(c.changed)
	c.changed = make(chan struct{})
	return nil, nil
}

// Call calls a method of the server.
func (c *Client) Call(method string, params, result any) {
	c.t.Helper()
	if err := c.TryCall(method, params, result); err != nil {
		c.t.Fatalf("%s: %v\nthe server has logged:\n%s", method, err, strings.Join(c.Logs(), "\n"))
	}
}

// TryCall is Call for calls that may fail.
func (c *Client) TryCall(method string, params, result any) error {
	ctx, cancel := context.WithTimeout(context.Background(), Timeout)
	defer cancel()
	if params == nil {
		return c.conn.Call(ctx, method, nil, result)
	}
	return c.conn.Call(ctx, method, params, result)
}

// Notify sends a notification.
func (c *Client) Notify(method string, params any) {
	c.t.Helper()
	if err := c.conn.Notify(context.Background(), method, params); err != nil {
		c.t.Fatalf("%s: %v", method, err)
	}
}

// Initialize begins the conversation. Options are for the server alone.
func (c *Client) Initialize(options any, folders ...string) json.RawMessage {
	c.t.Helper()
	list := []any{}
	for _, dir := range folders {
		list = append(list, map[string]string{"uri": URI(dir), "name": filepath.Base(dir)})
	}
	var result json.RawMessage
	c.Call("initialize", map[string]any{
		"processId":             os.Getpid(),
		"rootUri":               nil,
		"workspaceFolders":      list,
		"initializationOptions": options,
		"capabilities": map[string]any{
			"window": map[string]any{"workDoneProgress": true},
			"workspace": map[string]any{
				"configuration":         true,
				"workspaceFolders":      true,
				"workspaceEdit":         map[string]any{"documentChanges": true},
				"didChangeWatchedFiles": map[string]any{"dynamicRegistration": true},
			},
			"textDocument": map[string]any{
				"hover":              map[string]any{"contentFormat": []string{"markdown", "plaintext"}},
				"publishDiagnostics": map[string]any{"relatedInformation": true, "codeDescriptionSupport": true, "versionSupport": true},
				"codeAction": map[string]any{"codeActionLiteralSupport": map[string]any{
					"codeActionKind": map[string]any{"valueSet": []string{"quickfix", "source"}},
				}},
			},
		},
	}, &result)
	c.Notify("initialized", map[string]any{})
	return result
}

// Open opens a file as it is on disk.
func (c *Client) Open(file string) {
	c.t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		c.t.Fatal(err)
	}
	c.OpenText(file, string(data))
}

// OpenText opens a document for a file that need not exist.
func (c *Client) OpenText(file, text string) {
	c.t.Helper()
	c.mu.Lock()
	c.texts[URI(file)] = text
	c.versions[URI(file)]++
	version := c.versions[URI(file)]
	c.mu.Unlock()
	c.Notify("textDocument/didOpen", map[string]any{"textDocument": map[string]any{
		"uri": URI(file), "languageId": "go", "version": version, "text": text,
	}})
}

// Close closes a document without saving it.
func (c *Client) Close(file string) {
	c.t.Helper()
	c.mu.Lock()
	delete(c.texts, URI(file))
	c.mu.Unlock()
	c.Notify("textDocument/didClose", map[string]any{"textDocument": map[string]any{"uri": URI(file)}})
}

// Text returns the text of an open document.
func (c *Client) Text(file string) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	text, ok := c.texts[URI(file)]
	if !ok {
		c.t.Fatalf("%s is not open", file)
	}
	return text
}

// Replace edits an open document: the only place that has old in it gets new instead, and only that is sent. It returns the version.
func (c *Client) Replace(file, old, new string) int {
	c.t.Helper()
	text := c.Text(file)
	if strings.Count(text, old) != 1 {
		c.t.Fatalf("%s has %q %d times", file, old, strings.Count(text, old))
	}
	i := strings.Index(text, old)
	return c.Edit(file, TextEdit{Range{PositionAt(text, i), PositionAt(text, i+len(old))}, new})
}

// Edit applies edits of an open document, all of which are about its present text, and sends them. It returns the version.
func (c *Client) Edit(file string, edits ...TextEdit) int {
	c.t.Helper()
	text := c.Text(file)
	edits = slices.Clone(edits)
	slices.SortFunc(edits, func(a, b TextEdit) int { return offset(text, b.Range.Start) - offset(text, a.Range.Start) })
	changes := []any{}
	for _, e := range edits { // from the end, so that positions stay as they are
		text = text[:offset(text, e.Range.Start)] + e.NewText + text[offset(text, e.Range.End):]
		changes = append(changes, map[string]any{"range": e.Range, "text": e.NewText})
	}
	c.mu.Lock()
	c.texts[URI(file)] = text
	c.versions[URI(file)]++
	version := c.versions[URI(file)]
	c.mu.Unlock()
	c.Notify("textDocument/didChange", map[string]any{
		"textDocument": map[string]any{"uri": URI(file), "version": version}, "contentChanges": changes,
	})
	return version
}

// Find returns where the only place with text in it is in an open document, plus a number of bytes.
func (c *Client) Find(file, text string, plus int) Position {
	c.t.Helper()
	all := c.Text(file)
	if strings.Count(all, text) != 1 {
		c.t.Fatalf("%s has %q %d times", file, text, strings.Count(all, text))
	}
	return PositionAt(all, strings.Index(all, text)+plus)
}

// At returns the parameters of requests that are about a position.
func At(file string, p Position) map[string]any {
	return map[string]any{"textDocument": map[string]any{"uri": URI(file)}, "position": p}
}

// Wait waits until ok, and returns what is published then of a file.
func (c *Client) Wait(file string, what string, ok func(Published) bool) Published {
	c.t.Helper()
	var p Published
	c.until(file+": "+what, func() bool {
		p = c.published[URI(file)]
		return ok(p)
	})
	return p
}

// WaitLog waits for a message of the server that has text in it.
func (c *Client) WaitLog(text string) {
	c.t.Helper()
	c.until("log message "+text, func() bool {
		return slices.ContainsFunc(c.logs, func(l string) bool { return strings.Contains(l, text) })
	})
}

// WaitProgress waits until work of a title has ended, and returns with what message.
func (c *Client) WaitProgress(title string) string {
	c.t.Helper()
	var message string
	c.until("end of "+title, func() (ok bool) {
		message, ok = c.progress[title]
		return ok
	})
	return message
}

func (c *Client) until(what string, ok func() bool) {
	c.t.Helper()
	timeout := time.After(Timeout)
	for {
		c.mu.Lock()
		done, changed := ok(), c.changed
		c.mu.Unlock()
		if done {
			return
		}
		select {
		case <-changed:
		case <-c.conn.DisconnectNotify():
			c.t.Fatalf("%s: the server has hung up; it has logged:\n%s", what, strings.Join(c.Logs(), "\n"))
		case <-timeout:
			c.t.Fatalf("%s: not after %v; the server has logged:\n%s", what, Timeout, strings.Join(c.Logs(), "\n"))
		}
	}
}

// All returns what is published now, of all files.
func (c *Client) All() []Published {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []Published
	for _, p := range c.published {
		list = append(list, p)
	}
	slices.SortFunc(list, func(a, b Published) int { return strings.Compare(a.URI, b.URI) })
	return list
}

// Logs returns what the server has logged.
func (c *Client) Logs() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.logs)
}

// Shutdown ends the conversation as the protocol wants it, and waits for the process, if the server is one.
func (c *Client) Shutdown() {
	c.t.Helper()
	c.Call("shutdown", nil, nil)
	c.Notify("exit", nil)
	if c.process == nil {
		<-c.conn.DisconnectNotify()
		return
	}
	if err := c.process.Wait(); err != nil {
		c.t.Errorf("the server ends with %v", err)
	}
}
