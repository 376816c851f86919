package lsp

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/sourcegraph/jsonrpc2"
	"golang.org/x/tools/go/analysis"

	"github.com/cofaas/cofaas/internal/lsp/session"
)

// Options of a server.
type Options struct {
	// Analyzer reports the diagnostics.
	Analyzer *analysis.Analyzer
	// BuildFlags are passed to the go command.
	BuildFlags []string
	// Version is what the server says of itself.
	Version string
	// Delay is how long the server waits, after an edit, for another one; zero means 100 ms.
	Delay time.Duration
}

// Serve serves one client and returns when it exits, hangs up, or ctx ends. The error is nil if the client has shut the server down
// first, as the protocol wants it.
func Serve(ctx context.Context, conn io.ReadWriteCloser, opts Options) error {
	if opts.Delay == 0 {
		opts.Delay = 100 * time.Millisecond
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	s := &server{
		opts:      opts,
		edited:    make(chan struct{}, 1),
		documents: map[string]*document{},
		calls:     map[jsonrpc2.ID]context.CancelFunc{},
		published: map[string]published{},
		current:   make(chan struct{}),
	}
	s.session = session.New(session.Options{Analyzer: opts.Analyzer, BuildFlags: opts.BuildFlags, Warn: s.warnf, Log: s.logf})
	ready := make(chan struct{})
	s.conn = jsonrpc2.NewConn(ctx, newStream(conn), handlerFunc(func(ctx context.Context, _ *jsonrpc2.Conn, r *jsonrpc2.Request) {
		<-ready // s.conn is set
		s.handle(ctx, r)
	}), jsonrpc2.SetLogger(log.New(logWriter(func(text string) {
		<-ready
		s.warnf("%s", text)
	}), "", 0)))
	close(ready)
	var updates sync.WaitGroup
	updates.Go(func() { s.update(ctx) })

	<-s.conn.DisconnectNotify()
	cancel()
	s.session.Close()
	updates.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.phase == shutDown:
		return nil
	case s.exited:
		return errors.New("the client exits without having shut down the server")
	}
	return errors.New("the client hangs up without having shut down the server")
}

type handlerFunc func(context.Context, *jsonrpc2.Conn, *jsonrpc2.Request)

func (f handlerFunc) Handle(ctx context.Context, conn *jsonrpc2.Conn, r *jsonrpc2.Request) {
	f(ctx, conn, r)
}

// A phase of a server's life.
type phase int

const (
	uninitialized phase = iota
	running
	shutDown
)

type server struct {
	opts    Options
	conn    *jsonrpc2.Conn
	session *session.Session
	edited  chan struct{} // has a value if there is something to update

	mu        sync.Mutex
	phase     phase
	exited    bool
	client    initializeParams
	folders   []string
	documents map[string]*document // by URI
	calls     map[jsonrpc2.ID]context.CancelFunc
	stop      context.CancelFunc // ends the update that is being made, if any
	current   chan struct{}      // closed while everything is up to date
	published map[string]published
	working   bool // the next update may take long
}

// Error codes that the protocol adds to those of JSON-RPC.
const (
	codeServerNotInitialized = -32002
	codeRequestCancelled     = -32800
)

// handle is called for one message after the other. Notifications, which may depend on each other, are done when it returns; requests
// go on beside others.
func (s *server) handle(ctx context.Context, r *jsonrpc2.Request) {
	if r.Notif {
		defer func() {
			if p := recover(); p != nil {
				s.warnf("%s: panic: %v\n%s", r.Method, p, debug.Stack())
			}
		}()
		if err := s.notified(ctx, r); err != nil {
			s.warnf("%s: %v", r.Method, err)
		}
		return
	}
	ctx, cancel := context.WithCancel(ctx)
	s.mu.Lock()
	s.calls[r.ID] = cancel
	s.mu.Unlock()
	answer := func() {
		result, err := s.call(ctx, r)
		s.mu.Lock()
		delete(s.calls, r.ID)
		s.mu.Unlock()
		if ctx.Err() != nil {
			err = &jsonrpc2.Error{Code: codeRequestCancelled, Message: "cancelled"}
		}
		cancel()
		s.reply(r, result, err)
	}
	if r.Method == "initialize" || r.Method == "shutdown" {
		answer() // what comes behind depends on it
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.phase == running {
			s.dirty() // only now, since nothing may be said before the answer
		}
		return
	}
	go answer()
}

func (s *server) reply(r *jsonrpc2.Request, result any, err error) {
	response := &jsonrpc2.Response{ID: r.ID}
	if err != nil {
		if !errors.As(err, &response.Error) {
			response.Error = &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: err.Error()}
		}
	} else if err := response.SetResult(result); err != nil {
		response.Error = &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: err.Error()}
	}
	// If the client has hung up there is nobody to tell.
	_ = s.conn.SendResponse(context.Background(), response)
}

// call answers a request.
func (s *server) call(ctx context.Context, r *jsonrpc2.Request) (result any, err error) {
	defer func() {
		if p := recover(); p != nil {
			s.warnf("%s: panic: %v\n%s", r.Method, p, debug.Stack())
			err = &jsonrpc2.Error{Code: jsonrpc2.CodeInternalError, Message: fmt.Sprint("panic: ", p)}
		}
	}()
	s.mu.Lock()
	phase := s.phase
	s.mu.Unlock()
	switch {
	case phase == uninitialized && r.Method != "initialize":
		return nil, &jsonrpc2.Error{Code: codeServerNotInitialized, Message: r.Method + ": the server is not initialized"}
	case phase == shutDown:
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidRequest, Message: r.Method + ": the server is shut down"}
	case phase == running && r.Method == "initialize":
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidRequest, Message: "initialize: the server is initialized"}
	}
	switch r.Method {
	case "initialize":
		return with(ctx, r, s.initialize)
	case "shutdown":
		s.mu.Lock()
		defer s.mu.Unlock()
		s.phase = shutDown
		return nil, nil
	case "textDocument/hover":
		return with(ctx, r, s.hover)
	case "textDocument/implementation":
		return with(ctx, r, s.implementation)
	case "textDocument/codeAction":
		return with(ctx, r, s.codeAction)
	}
	return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeMethodNotFound, Message: r.Method + ": no such method"}
}

// notified takes note of a notification.
func (s *server) notified(ctx context.Context, r *jsonrpc2.Request) error {
	s.mu.Lock()
	phase := s.phase
	s.mu.Unlock()
	if r.Method == "exit" {
		s.mu.Lock()
		s.exited = true
		s.mu.Unlock()
		return s.conn.Close()
	}
	if phase != running {
		return nil // which the protocol wants dropped
	}
	var err error
	switch r.Method {
	case "initialized":
		go s.watch(ctx)
	case "textDocument/didOpen":
		_, err = with(ctx, r, s.didOpen)
	case "textDocument/didChange":
		_, err = with(ctx, r, s.didChange)
	case "textDocument/didSave":
		_, err = with(ctx, r, s.didSave)
	case "textDocument/didClose":
		_, err = with(ctx, r, s.didClose)
	case "workspace/didChangeWatchedFiles":
		_, err = with(ctx, r, s.didChangeWatchedFiles)
	case "workspace/didChangeWorkspaceFolders":
		_, err = with(ctx, r, s.didChangeWorkspaceFolders)
	case "$/cancelRequest":
		_, err = with(ctx, r, s.cancelRequest)
	}
	return err
}

// with calls f with the parameters of a request.
func with[P any](ctx context.Context, r *jsonrpc2.Request, f func(context.Context, *P) (any, error)) (any, error) {
	params := new(P)
	if r.Params == nil {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: r.Method + ": there are no parameters"}
	}
	if err := json.Unmarshal(*r.Params, params); err != nil {
		return nil, &jsonrpc2.Error{Code: jsonrpc2.CodeInvalidParams, Message: fmt.Sprintf("%s: %v", r.Method, err)}
	}
	return f(ctx, params)
}

func (s *server) initialize(_ context.Context, p *initializeParams) (any, error) {
	s.mu.Lock()
	s.phase = running
	s.client = *p
	s.working = true
	folders := p.WorkspaceFolders
	if len(folders) == 0 && p.RootURI != "" {
		folders = []workspaceFolder{{URI: p.RootURI}}
	} else if len(folders) == 0 && p.RootPath != "" {
		folders = []workspaceFolder{{URI: uriOf(p.RootPath)}}
	}
	s.mu.Unlock()
	s.setFolders(folders, nil)

	result := initializeResult{ServerInfo: serverInfo{Name: "cofaas-vet", Version: s.opts.Version}}
	c := &result.Capabilities
	c.TextDocumentSync = textDocumentSync{OpenClose: true, Change: syncIncremental, Save: true}
	c.HoverProvider = true
	c.ImplementationProvider = true
	c.CodeActionProvider.CodeActionKinds = []string{quickFix}
	c.Workspace.WorkspaceFolders.Supported = true
	c.Workspace.WorkspaceFolders.ChangeNotifications = true
	return result, nil
}

// watch asks the client to tell of files that change on disk, if it can.
func (s *server) watch(ctx context.Context) {
	if !s.client.Capabilities.Workspace.DidChangeWatchedFiles.DynamicRegistration {
		return
	}
	err := s.conn.Call(ctx, "client/registerCapability", registrationParams{[]registration{{
		ID: "files", Method: "workspace/didChangeWatchedFiles",
		RegisterOptions: watchOptions{[]watcher{{"**/*.go"}, {"**/go.mod"}, {"**/go.sum"}, {"**/go.work"}, {"**/go.work.sum"}}},
	}}}, nil)
	if err != nil && ctx.Err() == nil {
		s.warnf("client/registerCapability: %v", err)
	}
}

func (s *server) cancelRequest(_ context.Context, p *cancelParams) (any, error) {
	var id jsonrpc2.ID
	if err := json.Unmarshal(p.ID, &id); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if cancel := s.calls[id]; cancel != nil {
		cancel()
	}
	return nil, nil
}

// logf tells the user of the client, in a place that one looks into when something is amiss, and warnf what is amiss.
func (s *server) logf(format string, args ...any)  { s.log(messageInfo, format, args...) }
func (s *server) warnf(format string, args ...any) { s.log(messageWarning, format, args...) }

func (s *server) log(kind int, format string, args ...any) {
	// If the client has hung up there is nobody to tell.
	_ = s.conn.Notify(context.Background(), "window/logMessage", logMessageParams{kind, fmt.Sprintf(format, args...)})
}

// A logWriter is for what package jsonrpc2 has to say.
type logWriter func(text string)

func (w logWriter) Write(p []byte) (int, error) {
	w(strings.TrimSpace(string(p)))
	return len(p), nil
}
