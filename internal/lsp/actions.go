package lsp

import (
	"context"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/lsp/session"
)

// codeAction offers the fixes of diagnostics in a range.
func (s *server) codeAction(ctx context.Context, p *codeActionParams) (any, error) {
	file, ok := fileOf(p.TextDocument.URI)
	if !ok || !wants(p.Context.Only, quickFix) {
		return []codeAction{}, nil
	}
	if err := s.settled(ctx); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	actions := []codeAction{}
	wanted := session.Range{Start: session.Point(p.Range.Start), End: session.Point(p.Range.End)}
	if !s.upToDate(file) {
		return actions, nil
	}
	for _, d := range s.published[file].found {
		if !d.Range.Touches(wanted) {
			continue
		}
		for _, fix := range d.Fixes {
			edit, ok := s.workspaceEdit(fix)
			if !ok {
				continue
			}
			actions = append(actions, codeAction{
				Title: fix.Title, Kind: quickFix, Diagnostics: []diagnostic{s.diagnostic(d)}, Edit: edit, IsPreferred: len(d.Fixes) == 1,
			})
		}
	}
	return actions, nil
}

// wants says whether a client that asks for only some kinds of actions, or for all, wants a kind.
func wants(only []string, kind string) bool {
	return len(only) == 0 || slices.ContainsFunc(only, func(o string) bool { return o == "" || kind == o || strings.HasPrefix(kind, o+".") })
}

// upToDate says whether what was published is about what the client has of a file. It is not if the file has not compiled since, and
// edits would then hit the wrong place. s.mu is held.
func (s *server) upToDate(file string) bool {
	for _, doc := range s.documents {
		if doc.file == file {
			version := s.published[file].version
			return version != nil && *version == doc.version
		}
	}
	return true
}

// workspaceEdit converts a fix. It is refused if one of the files that it changes is not as it was when the fix was made.
func (s *server) workspaceEdit(fix session.Fix) (workspaceEdit, bool) {
	var files []string
	edits := map[string][]textEdit{}
	for _, e := range fix.Edits {
		file := e.Location.File
		if edits[file] == nil {
			files = append(files, file)
		}
		edits[file] = append(edits[file], textEdit{rangeOf(e.Location.Range), e.Text})
	}
	var result workspaceEdit
	for _, file := range files {
		var version *int32
		for _, doc := range s.documents {
			if doc.file == file {
				version = &doc.version
			}
		}
		if s.client.Capabilities.Workspace.WorkspaceEdit.DocumentChanges {
			result.DocumentChanges = append(result.DocumentChanges,
				textDocumentEdit{versionedTextDocument{s.uri(file), version}, edits[file]})
		} else {
			if result.Changes == nil {
				result.Changes = map[string][]textEdit{}
			}
			result.Changes[s.uri(file)] = edits[file]
		}
	}
	return result, len(files) > 0
}
