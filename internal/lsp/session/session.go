package session

import (
	"context"
	"errors"
	"go/token"
	"maps"
	"os"
	"runtime"
	"sync"

	"golang.org/x/tools/go/analysis"
)

// Options of a session.
type Options struct {
	// Analyzer reports the diagnostics.
	Analyzer *analysis.Analyzer
	// BuildFlags are passed to the go command.
	BuildFlags []string
	// Warn gets what goes wrong, Log what the user may want to know. They may be called by several goroutines; nil means quiet.
	Warn, Log func(format string, args ...any)
}

// A Session is what is known of the functions in some folders. Its methods may be called by several goroutines.
type Session struct {
	opts      Options
	open      context.Context // until Close; for go commands, which edits must not end, or else they would never come to theirs
	end       context.CancelFunc
	env       []string
	analyzers []*analysis.Analyzer // those with facts, each behind what it requires
	fset      *token.FileSet

	mu      sync.Mutex // guards what the editor says
	buffers map[string]Buffer
	folders map[string]bool
	changed map[string]bool // files that were created, removed or changed on disk

	updating sync.Mutex // held by Update; guards the fields below
	files    map[string]*file
	retired  []*file           // superseded, but perhaps still in a node
	roots    map[string]string // by folder: the view that it belongs to, or ""
	views    map[string]*view  // by root

	// reading is held by whoever needs positions of files in fset, since Update removes those that nothing refers to any longer.
	reading sync.RWMutex
	shown   []*snapshot // what views were when last updated
}

// A Buffer is a file as an editor has it.
type Buffer struct {
	Content []byte
	Version int32
}

// New returns a session without folders.
func New(opts Options) *Session {
	quiet := func(string, ...any) {}
	if opts.Log == nil {
		opts.Log = quiet
	}
	if opts.Warn == nil {
		opts.Warn = quiet
	}
	open, end := context.WithCancel(context.Background())
	return &Session{
		opts: opts,
		open: open,
		end:  end,
		// As for the generator: what a function's sources mean is what they mean on the system that the tool runs on.
		env:       append(os.Environ(), "GOOS="+runtime.GOOS, "GOARCH="+runtime.GOARCH),
		analyzers: withFacts(opts.Analyzer),
		fset:      token.NewFileSet(),
		buffers:   map[string]Buffer{},
		folders:   map[string]bool{},
		changed:   map[string]bool{},
		files:     map[string]*file{},
		roots:     map[string]string{},
		views:     map[string]*view{},
	}
}

// Close ends go commands that are running. There are no updates after it.
func (s *Session) Close() { s.end() }

// SetBuffer says what an editor has of a file; it counts in place of what is on disk.
func (s *Session) SetBuffer(file string, b Buffer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, open := s.buffers[file]; !open {
		s.changed[file] = true // perhaps a file that is on no disk
	}
	s.buffers[file] = b
}

// CloseBuffer says that what is on disk counts again.
func (s *Session) CloseBuffer(file string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.buffers, file)
	s.changed[file] = true
}

// SetFolders says which functions are wanted, whether files of theirs are open or not: those of the modules or workspaces that the
// folders are in.
func (s *Session) SetFolders(folders []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.folders)
	for _, f := range folders {
		s.folders[f] = true
	}
}

// FilesChanged says that files on disk were created, changed or removed. For Go files that are in use and only changed it need not be
// called.
func (s *Session) FilesChanged(files ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range files {
		s.changed[f] = true
	}
}

// inputs are what an update goes by.
type inputs struct {
	buffers map[string]Buffer
	folders map[string]bool
	changed map[string]bool
}

// A Result is what an update has found.
type Result struct {
	// Diagnostics are those of each file that is part of a function, sorted; there is an entry for files without any, too. Those of
	// packages that do not compile are the ones that they had when they last did.
	Diagnostics map[string][]Diagnostic
	// Versions are those of the buffers that were looked at.
	Versions map[string]int32
	// Kept has the files of packages that do not compile.
	Kept map[string]bool
}

// Update brings what is known up to date. If ctx ends before that, it returns the context's error, and what was done is not done again
// by the next update; the same goes for a session that is closed. Whatever else goes wrong is a warning, since there may be something to
// show nevertheless.
func (s *Session) Update(ctx context.Context) (*Result, error) {
	s.updating.Lock()
	defer s.updating.Unlock()
	if err := s.open.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	in := inputs{maps.Clone(s.buffers), maps.Clone(s.folders), s.changed}
	s.changed = map[string]bool{}
	s.mu.Unlock()

	s.choose(in)
	result := &Result{Diagnostics: map[string][]Diagnostic{}, Versions: map[string]int32{}, Kept: map[string]bool{}}
	for name, b := range in.buffers {
		result.Versions[name] = b.Version
	}
	var errs []error
	for _, root := range sortedKeys(s.views) {
		if err := s.views[root].update(ctx, in); err != nil {
			errs = append(errs, err)
			continue
		}
		s.views[root].report(result)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	s.show()
	s.forget()
	return result, nil
}

// show makes the views, as they are, what At sees.
func (s *Session) show() {
	s.reading.Lock()
	defer s.reading.Unlock()
	s.shown = nil
	for _, root := range sortedKeys(s.views) {
		s.shown = append(s.shown, s.views[root].snapshot())
	}
}

// forget drops the versions of files that no view refers to any longer. It may be called when all views are up to date.
func (s *Session) forget() {
	used := map[*file]bool{}
	for _, v := range s.views {
		for _, n := range v.nodes {
			for _, f := range n.files {
				used[f] = true
			}
		}
	}
	for name, f := range s.files {
		if !used[f] {
			delete(s.files, name)
			s.retired = append(s.retired, f)
		}
	}
	s.reading.Lock()
	defer s.reading.Unlock()
	for _, f := range s.retired {
		if f.token != nil {
			s.fset.RemoveFile(f.token)
		}
	}
	s.retired = nil
}
