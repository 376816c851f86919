package lsp

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/internal/lsp/session"
	"github.com/cofaas/cofaas/internal/placement"
)

// hover says of the place at the cursor what becomes of calls there.
func (s *server) hover(ctx context.Context, p *textDocumentPositionParams) (any, error) {
	site, err := s.site(ctx, p)
	if site == nil || err != nil {
		return nil, err
	}
	formats := s.client.Capabilities.TextDocument.Hover.ContentFormat
	if len(formats) > 0 && !slices.Contains(formats, "markdown") {
		return hover{markupContent{"plaintext", describe(site, plain{})}, rangeOf(site.Range)}, nil
	}
	return hover{markupContent{"markdown", describe(site, markdown{})}, rangeOf(site.Range)}, nil
}

// implementation returns the handlers that answer the call at the cursor.
func (s *server) implementation(ctx context.Context, p *textDocumentPositionParams) (any, error) {
	found := []location{}
	site, err := s.site(ctx, p)
	if site == nil || err != nil {
		return found, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range site.Functions {
		call := site.Call(f)
		if call == nil {
			continue
		}
		for _, to := range call.To {
			if h, ok := site.Handler(to); ok {
				if l := s.location(h.Location); !slices.Contains(found, l) {
					found = append(found, l)
				}
			}
		}
	}
	return found, nil
}

func (s *server) site(ctx context.Context, p *textDocumentPositionParams) (*session.Site, error) {
	file, ok := fileOf(p.TextDocument.URI)
	if !ok {
		return nil, nil
	}
	if err := s.settled(ctx); err != nil {
		return nil, err
	}
	return s.session.At(file, session.Point(p.Position)), nil
}

// A markup says how text is set.
type markup interface {
	code(s string) string
	strong(s string) string
	link(text string, l session.Location) string
	paragraph() string
	item() string
}

type markdown struct{}

func (markdown) code(s string) string   { return "`" + s + "`" }
func (markdown) strong(s string) string { return "**" + s + "**" }
func (markdown) paragraph() string      { return "\n\n" }
func (markdown) item() string           { return "\n- " }
func (markdown) link(text string, l session.Location) string {
	return fmt.Sprintf("[%s](%s)", strings.NewReplacer("*", `\*`, "_", `\_`, "[", `\[`, "]", `\]`).Replace(text), lineURI(l.File, l.Range.Start.Line))
}

type plain struct{}

func (plain) code(s string) string   { return s }
func (plain) strong(s string) string { return s }
func (plain) paragraph() string      { return "\n" }
func (plain) item() string           { return "\n  " }
func (plain) link(text string, l session.Location) string {
	return fmt.Sprintf("%s at %s:%d", text, l.File, l.Range.Start.Line+1)
}

// describe is the text for a site.
func describe(site *session.Site, m markup) string {
	var b strings.Builder
	switch site.Kind {
	case session.Called:
		fmt.Fprintf(&b, "gRPC %s", m.code("/"+site.Service+"/"+site.Method))
	case session.Connected:
		fmt.Fprintf(&b, "Client of gRPC service %s", m.code(site.Service))
	case session.Registered:
		fmt.Fprintf(&b, "Server of gRPC service %s", m.code(site.Service))
	case session.Annotated:
		b.WriteString("Function of cofaas")
	}
	switch {
	case len(site.Functions) > 0:
	case site.Err != nil:
		fmt.Fprintf(&b, "%sWhere calls go is not known: %v", m.paragraph(), site.Err)
		return b.String()
	default:
		fmt.Fprintf(&b, "%sNo function runs this code.", m.paragraph())
	}
	for _, f := range site.Functions {
		switch site.Kind {
		case session.Registered:
			describeServer(&b, f, site.Service, m)
		case session.Annotated:
			describeFunction(&b, f, m)
		default:
			b.WriteString(m.paragraph())
			describeCall(&b, f, site.Call(f), site, m)
		}
	}
	if site.Err != nil {
		fmt.Fprintf(&b, "%sThat was so before this: %v", m.paragraph(), site.Err)
	}
	return b.String()
}

// describeCall says where the calls of f to a service go. site is that of the call, or nil.
func describeCall(b *strings.Builder, f *session.Function, call *session.Call, site *session.Site, m markup) {
	target := ""
	if known := slices.DeleteFunc(slices.Clone(call.Targets), func(t string) bool { return t == "unknown" }); len(known) > 0 {
		target = fmt.Sprintf(", dialled as %s", m.code(strings.Join(known, ", ")))
	}
	switch len(call.To) {
	case 0:
		fmt.Fprintf(b, "%s → outside of the app: %s, over the network%s", m.code(f.Name), m.strong("remote"), target)
		return
	case 1:
		fmt.Fprintf(b, "%s → %s: %s%s", m.code(f.Name), m.code(call.To[0].Function), way(f, &call.To[0], m), target)
	default:
		fmt.Fprintf(b, "%s → one of %d functions: %s, by what is dialled%s", m.code(f.Name), len(call.To), m.strong("local"), target)
	}
	for _, to := range call.To {
		handler, ok := session.Handler{}, false
		if site != nil {
			handler, ok = site.Handler(to)
		}
		runs := ""
		if len(call.To) > 1 && to.Places[0] != placement.Wasm {
			runs = ", " + way(f, &to, m) + ","
		}
		if ok {
			fmt.Fprintf(b, "%s%s%s answers it with %s", m.item(), m.code(to.Function), runs, m.link(handler.Name, handler.Location))
		} else if len(call.To) > 1 {
			fmt.Fprintf(b, "%s%s%s", m.item(), m.code(to.Function), strings.TrimSuffix(runs, ","))
		}
	}
}

// way says how calls of f reach another function, by where both run.
func way(f *session.Function, to *session.Callee, m markup) string {
	switch {
	case to.Places[0] == placement.Remote:
		return m.strong("remote") + ", since it is no part of the host: over the network" + to.Elsewhere
	case to.Places[0] == placement.Native:
		return m.strong("local") + ", to a process of its own, through shared memory" + to.Elsewhere
	case len(f.Places) > 0 && f.Places[0] == placement.Native:
		return m.strong("local") + ", from a process of its own, through shared memory" + to.Elsewhere
	}
	return m.strong("local") + ", a copy between two memories" + to.Elsewhere
}

func describeServer(b *strings.Builder, f *session.Function, service string, m markup) {
	fmt.Fprintf(b, "%sFunction %s", m.paragraph(), m.code(f.Name))
	if slices.Contains(f.HostServes, service) {
		b.WriteString(" registers it, and the host serves it in its place.")
		return
	}
	b.WriteString(" serves it")
	var callers []string
	for _, c := range f.Callers {
		if c.Service == service {
			callers = append(callers, m.code(c.Function))
		}
	}
	if len(callers) == 0 {
		b.WriteString("; no function calls it.")
		return
	}
	fmt.Fprintf(b, "; called by %s.", strings.Join(callers, ", "))
}

func describeFunction(b *strings.Builder, f *session.Function, m markup) {
	fmt.Fprintf(b, " %s", m.code(f.Name))
	if f.Runs != "" {
		fmt.Fprintf(b, "%sruns %s", m.item(), f.Runs)
	}
	for _, service := range f.Serves {
		fmt.Fprintf(b, "%sserves %s", m.item(), m.code(service))
	}
	for _, service := range f.HostServes {
		fmt.Fprintf(b, "%shas %s served by the host", m.item(), m.code(service))
	}
	for i := range f.Calls {
		fmt.Fprintf(b, "%scalls %s: ", m.item(), m.code(f.Calls[i].Service))
		describeCall(b, f, &f.Calls[i], nil, m)
	}
	for _, n := range f.Needs {
		fmt.Fprintf(b, "%sneeds %s", m.item(), n.What)
		if n.Flag != "" {
			fmt.Fprintf(b, ": %s", m.code(n.Flag))
		}
	}
	fmt.Fprintf(b, "%spackages with gRPC: %d rewritten, %d kept", m.item(), f.Rewritten, f.Kept)
}
