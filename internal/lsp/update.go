package lsp

import (
	"context"
	"net/url"
	"path/filepath"
	"reflect"
	"runtime/debug"
	"time"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/lsp/session"
)

// published is what the client was told of a file.
type published struct {
	found   []session.Diagnostic
	version *int32
}

// dirty says that there is something to update, and ends an update that does not know of it. s.mu is held.
func (s *server) dirty() {
	select {
	case <-s.current:
		s.current = make(chan struct{})
	default:
	}
	if s.stop != nil {
		s.stop()
	}
	select {
	case s.edited <- struct{}{}:
	default:
	}
}

// update brings diagnostics up to date, and then the plans, whenever something has changed and nothing has for a moment.
func (s *server) update(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	<-timer.C
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.edited:
			timer.Reset(s.opts.Delay)
			continue
		case <-timer.C:
		}
		s.mu.Lock()
		if len(s.edited) > 0 {
			s.mu.Unlock()
			continue
		}
		updating, stop := context.WithCancel(ctx)
		s.stop = stop
		s.mu.Unlock()
		s.bring(updating)
		s.mu.Lock()
		if updating.Err() == nil {
			close(s.current)
		}
		s.stop = nil
		s.mu.Unlock()
		stop()
	}
}

// bring makes one update.
func (s *server) bring(ctx context.Context) {
	defer func() {
		if p := recover(); p != nil {
			s.warnf("update: panic: %v\n%s", p, debug.Stack())
		}
	}()
	done := s.progress(ctx)
	defer done()
	result, err := s.session.Update(ctx)
	if err != nil {
		if ctx.Err() == nil {
			s.warnf("update: %v", err)
		}
		return
	}
	s.publish(result)
	s.session.Plan()
}

// progress shows the user that work is being done, if it may take long: until there has been an update. The work ends when done is called.
func (s *server) progress(ctx context.Context) (done func()) {
	const token = "analysis"
	s.mu.Lock()
	first, can := s.working, s.client.Capabilities.Window.WorkDoneProgress
	s.working = false
	s.mu.Unlock()
	if !first || !can {
		return func() {}
	}
	over := make(chan struct{})
	// The analysis does not wait for the answer, which a busy client may give late, and one that promises to may not give at all.
	go func() {
		if err := s.conn.Call(context.WithoutCancel(ctx), "window/workDoneProgress/create", progressParams{Token: token}, nil); err != nil {
			return
		}
		tell := func(p workDoneProgress) {
			// If the client has hung up there is nobody to tell.
			_ = s.conn.Notify(context.Background(), "$/progress", progressParams{token, &p})
		}
		tell(workDoneProgress{Kind: "begin", Title: "Analysing functions"})
		<-over
		tell(workDoneProgress{Kind: "end"})
	}()
	return func() { close(over) }
}

// settled waits until everything that the client has said so far is taken into account.
func (s *server) settled(ctx context.Context) error {
	for {
		s.mu.Lock()
		current := s.current
		s.mu.Unlock()
		select {
		case <-current:
		case <-ctx.Done():
			return ctx.Err()
		}
		s.mu.Lock()
		same := current == s.current
		s.mu.Unlock()
		if same {
			return nil
		}
	}
}

// publish tells the client what has changed of the diagnostics. Of files that do not compile nothing is said: the client moves what it
// has along with the text.
func (s *server) publish(result *session.Result) {
	for _, p := range s.changes(result) {
		// If the client has hung up there is nobody to tell.
		_ = s.conn.Notify(context.Background(), "textDocument/publishDiagnostics", p)
	}
}

// changes returns what the client has to be told.
func (s *server) changes(result *session.Result) []publishDiagnosticsParams {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []publishDiagnosticsParams
	tell := func(file string, found []session.Diagnostic) {
		p := publishDiagnosticsParams{URI: s.uri(file), Diagnostics: []diagnostic{}}
		if version, open := result.Versions[file]; open {
			p.Version = &version
		}
		for _, d := range found {
			p.Diagnostics = append(p.Diagnostics, s.diagnostic(d))
		}
		if len(found) == 0 {
			delete(s.published, file)
		} else {
			s.published[file] = published{found, p.Version}
		}
		list = append(list, p)
	}
	for file, found := range result.Diagnostics {
		old := s.published[file]
		if result.Kept[file] || len(found) == 0 && len(old.found) == 0 {
			continue
		}
		version, open := result.Versions[file]
		if !reflect.DeepEqual(found, old.found) || open && (old.version == nil || *old.version != version) {
			tell(file, found)
		}
	}
	for file := range s.published {
		if _, ok := result.Diagnostics[file]; !ok {
			tell(file, nil)
		}
	}
	return list
}

// uri returns the URI of a file in the form that the client has used, if it has it open. s.mu is held.
func (s *server) uri(file string) string {
	for uri, doc := range s.documents {
		if doc.file == file {
			return uri
		}
	}
	return uriOf(file)
}

func (s *server) diagnostic(d session.Diagnostic) diagnostic {
	out := diagnostic{
		Range: rangeOf(d.Range), Severity: severity(d.Category), Code: d.Category, Source: "cofaas", Message: d.Message,
	}
	supports := s.client.Capabilities.TextDocument.PublishDiagnostics
	if u, err := url.Parse(d.URL); err == nil && u.IsAbs() && d.Category != "" && supports.CodeDescription {
		out.CodeDescription = &codeDescription{d.URL}
	}
	for _, r := range d.Related {
		if supports.RelatedInformation && filepath.IsAbs(r.Location.File) {
			out.RelatedInformation = append(out.RelatedInformation, relatedInformation{s.location(r.Location), r.Message})
		}
	}
	return out
}

func severity(category string) int {
	switch (analyzer.Diagnostic{Category: category}).Severity() {
	case analyzer.Error:
		return severityError
	case analyzer.Warning:
		return severityWarning
	}
	return severityInformation
}

func (s *server) location(l session.Location) location {
	return location{s.uri(l.File), rangeOf(l.Range)}
}

func rangeOf(r session.Range) textRange { return textRange{position(r.Start), position(r.End)} }
