package protoload

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

type tokenKind uint8

const (
	tokEOF tokenKind = iota
	tokIdent
	tokInt
	tokFloat
	tokString
	tokPunct
)

// point is a place as SourceCodeInfo counts it: from zero, columns in bytes, tabs to the next multiple of eight.
type point struct{ line, col int32 }

// tokn is one token. Adjacent string literals are one token, as everywhere in the language.
type tokn struct {
	kind     tokenKind
	text     string // as in the source; of strings, the value
	pos, end point
	gap      *comments // the comments between the token before and this one
	render   string    // what emicklei/proto gets to read; see parse.go
}

func (t *tokn) is(text string) bool {
	return t.text == text && (t.kind == tokIdent || t.kind == tokPunct)
}

// String names the token in a message.
func (t *tokn) String() string {
	switch t.kind {
	case tokEOF:
		return "the end of the file"
	case tokString:
		return "a string"
	}
	return strconv.Quote(short(t.text))
}

// short returns text of the source for a message, without what is too long of it.
func short(text string) string {
	if len(text) > 100 {
		text = text[:100] + "..."
	}
	return text
}

// scanner splits a file into tokens by the lexical rules of protoc's tokenizer.
type scanner struct {
	src  string
	off  int
	at   point
	toks []tokn
	lits []string // of the string that ends the tokens, the literals; joined when another token follows
	errf func(p point, format string, args ...any)
}

// scan returns the tokens of src, the last one of kind tokEOF. Characters that start no token are reported and skipped.
func scan(src string, errf func(p point, format string, args ...any)) []tokn {
	s := &scanner{src: strings.TrimPrefix(src, "\ufeff"), errf: errf}
	for {
		gap := s.gap()
		if s.off >= len(s.src) {
			s.joinLiterals()
			s.toks = append(s.toks, tokn{kind: tokEOF, pos: s.at, end: s.at, gap: gap})
			return s.toks
		}
		s.token(gap)
	}
}

func (s *scanner) peek(n int) byte {
	if s.off+n < len(s.src) {
		return s.src[s.off+n]
	}
	return 0
}

// next consumes one byte.
func (s *scanner) next() {
	switch s.src[s.off] {
	case '\n':
		s.at = point{line: s.at.line + 1}
	case '\t':
		s.at.col += 8 - s.at.col%8
	default:
		s.at.col++
	}
	s.off++
}

func (s *scanner) skip(n int) {
	for range n {
		s.next()
	}
}

func (s *scanner) while(ok func(byte) bool) {
	for s.off < len(s.src) && ok(s.src[s.off]) {
		s.next()
	}
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isHex(c byte) bool    { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'f' }
func isOctal(c byte) bool  { return '0' <= c && c <= '7' }
func isWord(c byte) bool   { return isLetter(c) || isDigit(c) }

func (s *scanner) token(gap *comments) {
	t := tokn{pos: s.at, gap: gap}
	start := s.off
	switch c := s.src[s.off]; {
	case isLetter(c):
		t.kind = tokIdent
		s.while(isWord)
		t.text = s.src[start:s.off]
	case isDigit(c), c == '.' && isDigit(s.peek(1)):
		t.kind = s.number()
		t.text = s.src[start:s.off]
	case c == '"', c == '\'':
		// A literal that follows continues the value, whatever is written in between but other tokens.
		s.lits = append(s.lits, s.str())
		if n := len(s.lits); n > 1 {
			s.toks[len(s.toks)-1].end = s.at
			return
		}
		t.kind = tokString
	case strings.IndexByte(";:=,.(){}[]<>-+/", c) >= 0:
		t.kind = tokPunct
		s.next()
		t.text = s.src[start:s.off]
	default:
		r, n := utf8.DecodeRuneInString(s.src[s.off:])
		s.errf(s.at, "unexpected character %q, names and keywords are ASCII", r)
		s.skip(n)
		return
	}
	t.end = s.at
	if t.kind != tokString {
		s.joinLiterals()
	}
	if t.kind == tokIdent && len(t.text) > maxName {
		s.errf(t.pos, "name is longer than %d bytes, shorten it", maxName)
	}
	s.toks = append(s.toks, t)
}

// joinLiterals sets the value of the string that ended.
func (s *scanner) joinLiterals() {
	if len(s.lits) > 0 {
		s.toks[len(s.toks)-1].text = strings.Join(s.lits, "")
		s.lits = nil
	}
}

// number consumes a number, and whatever is glued to it, which it reports.
func (s *scanner) number() tokenKind {
	kind, start, pos := tokInt, s.off, s.at
	if s.src[s.off] == '0' && s.peek(1)|0x20 == 'x' {
		s.skip(2)
		s.while(isHex)
	} else {
		s.while(isDigit)
		if s.peek(0) == '.' {
			kind = tokFloat
			s.next()
			s.while(isDigit)
		}
		if s.peek(0)|0x20 == 'e' {
			kind = tokFloat
			s.next()
			if c := s.peek(0); c == '+' || c == '-' {
				s.next()
			}
			s.while(isDigit)
		}
	}
	glued := isWord(s.peek(0)) || s.peek(0) == '.'
	s.while(func(c byte) bool { return isWord(c) || c == '.' })
	text := s.src[start:s.off]
	switch {
	case glued:
		s.errf(pos, "malformed number %q, put a space between a number and what follows", short(text))
	case kind == tokInt:
		if _, err := strconv.ParseUint(text, 0, 64); err != nil && !isDecimal(text) {
			s.errf(pos, "malformed number %q, integers are decimal, octal with a leading 0, or hexadecimal with 0x", short(text))
		}
	default:
		if f, err := strconv.ParseFloat(text, 64); err != nil && f == 0 {
			s.errf(pos, "malformed number %q, an exponent needs digits", short(text))
		}
	}
	return kind
}

// isDecimal tells a decimal integer of any size, which may stand for a floating-point value.
func isDecimal(text string) bool {
	return text[0] != '0' && strings.Trim(text, "0123456789") == ""
}

// str consumes one quoted literal and returns its value.
func (s *scanner) str() string {
	quote, pos := s.src[s.off], s.at
	s.next()
	var b strings.Builder
	for {
		if s.off >= len(s.src) || s.src[s.off] == '\n' {
			s.errf(pos, "string is not closed on its line, add a %c", quote)
			return b.String()
		}
		switch c := s.src[s.off]; c {
		case quote:
			s.next()
			return b.String()
		case 0:
			s.errf(s.at, `string holds a NUL byte, write it as \0`)
			s.next()
		case '\\':
			s.escape(&b)
		default:
			r, n := utf8.DecodeRuneInString(s.src[s.off:])
			if r == utf8.RuneError && n == 1 {
				s.errf(s.at, "string holds the byte %#x, which is not UTF-8, write it as an escape sequence", c)
			}
			b.WriteString(s.src[s.off : s.off+n])
			s.skip(n)
		}
	}
}

const simpleEscapes = `a` + "\a" + `b` + "\b" + `f` + "\f" + `n` + "\n" + `r` + "\r" + `t` + "\t" + `v` + "\v" + `\\''""??`

// escape consumes one escape sequence and appends what it stands for.
func (s *scanner) escape(b *strings.Builder) {
	pos, start := s.at, s.off
	s.next()
	c := s.peek(0)
	if i := strings.IndexByte(simpleEscapes, c); c != 0 && i >= 0 && i%2 == 0 {
		b.WriteByte(simpleEscapes[i+1])
		s.next()
		return
	}
	digits := func(limit int, ok func(byte) bool, base int) (uint64, int) {
		n := 0
		for n < limit && ok(s.peek(n)) {
			n++
		}
		v, _ := strconv.ParseUint(s.src[s.off:s.off+n], base, 32)
		s.skip(n)
		return v, n
	}
	switch {
	case isOctal(c):
		if v, _ := digits(3, isOctal, 8); v <= 0xff {
			b.WriteByte(byte(v))
			return
		}
	case c == 'x' || c == 'X':
		s.next()
		if v, n := digits(2, isHex, 16); n > 0 {
			b.WriteByte(byte(v))
			return
		}
	case c == 'u' || c == 'U':
		s.next()
		want := map[byte]int{'u': 4, 'U': 8}[c]
		if v, n := digits(want, isHex, 16); n == want && v <= utf8.MaxRune && utf8.ValidRune(rune(v)) {
			b.WriteRune(rune(v))
			return
		}
	}
	s.errf(pos, "unknown escape sequence %s", fmt.Sprintf("%+q", s.src[start:max(s.off, min(start+2, len(s.src)))]))
}
