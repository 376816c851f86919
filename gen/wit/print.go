package wit

import (
	"bytes"
	"strings"
)

type printer struct {
	buf    bytes.Buffer
	indent int
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

// doc prints a proto comment.
func (p *printer) doc(text string) {
	text = strings.TrimRight(text, "\n ")
	if text == "" {
		return
	}
	for line := range strings.Lines(text) {
		// Control characters are not allowed in WIT, not even in comments.
		line = strings.Map(func(r rune) rune {
			if r < ' ' && r != '\t' || r == 0x7f {
				return -1
			}
			return r
		}, line)
		p.line(strings.TrimRight("/// "+strings.TrimPrefix(line, " "), " "))
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
