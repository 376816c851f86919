package wit

import (
	"bytes"
	"strings"
	"unicode"

	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

type printer struct {
	buf    bytes.Buffer
	indent int
	// types are the places of the types of files, names those in them.
	types   map[*model.File]place
	names   map[*model.File]typeNames
	layouts mapping.Layouts
}

func newPrinter(pkgs []*protoPackage) *printer {
	return &printer{types: typesInterfaces(pkgs), names: map[*model.File]typeNames{}}
}

func (p *printer) line(s string) {
	if s != "" {
		p.buf.WriteString(strings.Repeat("  ", p.indent))
		p.buf.WriteString(s)
	}
	p.buf.WriteByte('\n')
}

func (p *printer) raw(s string) { p.buf.WriteString(s) }

func (p *printer) open(s string) {
	p.line(s + " {")
	p.indent++
}

func (p *printer) close() {
	p.indent--
	p.line("}")
}

// gap prints an empty line before all but the first of several declarations.
func (p *printer) gap(first *bool) {
	if !*first {
		p.line("")
	}
	*first = false
}

// doc prints a proto comment, and notes after it.
func (p *printer) doc(text string, notes ...string) {
	p.docLines(text, "/// ")
	for i, n := range notes {
		if i == 0 && strings.TrimSpace(text) != "" {
			p.line("///")
		}
		p.line("/// " + n)
	}
}

// docIndented prints a proto comment on something in what a comment is about.
func (p *printer) docIndented(text string) { p.docLines(text, "///   ") }

func (p *printer) docLines(text, prefix string) {
	text = strings.TrimRight(text, "\n ")
	if text == "" {
		return
	}
	for line := range strings.Lines(text) {
		line = strings.Map(func(r rune) rune {
			if forbidden(r) {
				return -1
			}
			return r
		}, line)
		p.line(strings.TrimRight(prefix+strings.TrimPrefix(line, " "), " "))
	}
}

// forbidden says whether a character is not allowed in WIT, not even in comments: control characters, those that change the
// direction of text, and those whose use Unicode discourages.
func forbidden(r rune) bool {
	switch r {
	case '\t':
		return false
	case '\u202a', '\u202b', '\u202c', '\u202d', '\u202e', '\u2066', '\u2067', '\u2068', '\u2069',
		'\u0149', '\u0673', '\u0f77', '\u0f79', '\u17a3', '\u17a4', '\u17b4', '\u17b5':
		return true
	default:
		return unicode.IsControl(r)
	}
}

func (p *printer) bytes() []byte { return p.buf.Bytes() }

// id escapes a label that is a keyword of WIT.
func id(label string) string {
	if keywords[label] {
		return "%" + label
	}
	return label
}

var keywords = func() map[string]bool {
	m := map[string]bool{}
	for _, k := range strings.Fields(`as async bool borrow char constructor enum error-context export f32 f64 flags from func future
		import include interface list map option own package record resource result s16 s32 s64 s8 static stream string tuple type
		u16 u32 u64 u8 use variant with world`) {
		m[k] = true
	}
	return m
}()
