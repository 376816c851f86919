package lsp

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"

	"github.com/cofaas/cofaas/internal/lsp/session"
)

// A document is a file that the client has open.
type document struct {
	file    string
	version int32
	content []byte
}

func (s *server) didOpen(_ context.Context, p *didOpenParams) (any, error) {
	file, ok := fileOf(p.TextDocument.URI)
	if !ok {
		return nil, nil // such as a diff, or the output of a command
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	doc := &document{file, p.TextDocument.Version, []byte(p.TextDocument.Text)}
	s.documents[p.TextDocument.URI] = doc
	s.buffer(doc)
	return nil, nil
}

func (s *server) didChange(_ context.Context, p *didChangeParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc := s.documents[p.TextDocument.URI]
	if doc == nil {
		if _, ok := fileOf(p.TextDocument.URI); !ok {
			return nil, nil
		}
		return nil, fmt.Errorf("%s: the document is not open", p.TextDocument.URI)
	}
	content := doc.content
	for _, change := range p.ContentChanges {
		if change.Range == nil {
			content = []byte(change.Text)
			continue
		}
		start, err := session.Offset(content, session.Point(change.Range.Start))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.TextDocument.URI, err)
		}
		end, err := session.Offset(content, session.Point(change.Range.End))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", p.TextDocument.URI, err)
		}
		if end < start {
			return nil, fmt.Errorf("%s: a range that ends before it starts", p.TextDocument.URI)
		}
		content = slices.Concat(content[:start], []byte(change.Text), content[end:])
	}
	doc.content, doc.version = content, p.TextDocument.Version
	s.buffer(doc)
	return nil, nil
}

func (s *server) didSave(_ context.Context, p *didSaveParams) (any, error) {
	file, ok := fileOf(p.TextDocument.URI)
	if !ok {
		return nil, nil
	}
	s.session.FilesChanged(file)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty()
	return nil, nil
}

func (s *server) didClose(_ context.Context, p *didCloseParams) (any, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	doc := s.documents[p.TextDocument.URI]
	if doc == nil {
		return nil, nil
	}
	delete(s.documents, p.TextDocument.URI)
	s.session.CloseBuffer(doc.file)
	s.dirty()
	return nil, nil
}

func (s *server) didChangeWatchedFiles(_ context.Context, p *didChangeWatchedFilesParams) (any, error) {
	for _, change := range p.Changes {
		if file, ok := fileOf(change.URI); ok {
			s.session.FilesChanged(file)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty()
	return nil, nil
}

func (s *server) didChangeWorkspaceFolders(_ context.Context, p *didChangeWorkspaceFoldersParams) (any, error) {
	s.setFolders(p.Event.Added, p.Event.Removed)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.dirty()
	return nil, nil
}

func (s *server) setFolders(added, removed []workspaceFolder) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range removed {
		if dir, ok := fileOf(f.URI); ok {
			s.folders = slices.DeleteFunc(s.folders, func(f string) bool { return f == dir })
		}
	}
	for _, f := range added {
		if dir, ok := fileOf(f.URI); ok && !slices.Contains(s.folders, dir) {
			s.folders = append(s.folders, dir)
		}
	}
	s.session.SetFolders(s.folders)
}

// buffer hands the content of a document to the session. s.mu is held.
func (s *server) buffer(doc *document) {
	if filepath.Ext(doc.file) != ".go" {
		// The go command reads go.mod and its like from disk.
		return
	}
	s.session.SetBuffer(doc.file, session.Buffer{Content: doc.content, Version: doc.version})
	s.dirty()
}
