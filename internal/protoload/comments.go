package protoload

import "strings"

// comments are the comments between two tokens, split as protoc does it: what belongs to the declaration that ended,
// what stands alone, and what belongs to the declaration that starts.
type comments struct {
	trailing, leading string
	detached          []string
}

// collector follows CommentCollector of protoc's tokenizer.
type collector struct {
	out     comments
	buf     strings.Builder
	has     bool
	line    bool // buf holds line comments, so that another one may join
	canPrev bool // the next complete comment may still belong to the token before
}

func (c *collector) flush() {
	if c.has {
		if c.canPrev {
			c.out.trailing = c.buf.String()
			c.canPrev = false
		} else {
			c.out.detached = append(c.out.detached, c.buf.String())
		}
	}
	c.reset()
}

func (c *collector) reset() {
	c.buf.Reset()
	c.has = false
}

// start makes room for a comment; consecutive line comments share one text.
func (c *collector) start(line bool) {
	if c.has && !(line && c.line) {
		c.flush()
	}
	c.has, c.line = true, line
}

// finish returns what was collected, nil when that is nothing. Comments come from anywhere; descriptors hold UTF-8.
func (c *collector) finish() *comments {
	if c.has {
		c.out.leading = c.buf.String()
	}
	if c.out.trailing == "" && c.out.leading == "" && c.out.detached == nil {
		return nil
	}
	c.out.trailing = strings.ToValidUTF8(c.out.trailing, "\ufffd")
	c.out.leading = strings.ToValidUTF8(c.out.leading, "\ufffd")
	for i, d := range c.out.detached {
		c.out.detached[i] = strings.ToValidUTF8(d, "\ufffd")
	}
	return &c.out
}

func isBlank(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\v' || c == '\f' }

func (s *scanner) newline() bool {
	if s.peek(0) != '\n' {
		return false
	}
	s.next()
	return true
}

// comment consumes a comment, if one starts here.
func (s *scanner) comment(c *collector) (found, line bool) {
	switch {
	case s.peek(0) == '/' && s.peek(1) == '/':
		c.start(true)
		s.skip(2)
		from := s.off
		s.while(func(c byte) bool { return c != '\n' })
		s.newline()
		c.buf.WriteString(s.src[from:s.off])
		return true, true
	case s.peek(0) == '/' && s.peek(1) == '*':
		c.start(false)
		s.block(&c.buf)
		return true, false
	}
	return false, false
}

// block consumes a block comment. Indentation and the asterisk that starts a line are not part of the text.
func (s *scanner) block(b *strings.Builder) {
	pos := s.at
	s.skip(2)
	for s.off < len(s.src) {
		switch {
		case s.peek(0) == '*' && s.peek(1) == '/':
			s.skip(2)
			return
		case s.peek(0) == '\n':
			b.WriteByte('\n')
			s.next()
			s.while(isBlank)
			if s.peek(0) == '*' && s.peek(1) != '/' {
				s.next()
			}
		default:
			b.WriteByte(s.src[s.off])
			s.next()
		}
	}
	s.errf(pos, "comment is not closed, add a */")
}

// gap consumes white space and comments up to the next token.
func (s *scanner) gap() *comments {
	c := &collector{}
	if len(s.toks) > 0 {
		// On the line of the token before, a comment belongs to that one, unless more tokens follow on the line:
		// then nobody can know.
		c.canPrev = true
		s.while(isBlank)
		if found, line := s.comment(c); found {
			if !line {
				s.while(isBlank)
				if !s.newline() {
					c.reset()
					s.inner()
					return c.finish()
				}
			}
			c.flush()
		} else if !s.newline() {
			return nil
		}
	}
	for {
		s.while(isBlank)
		if found, line := s.comment(c); found {
			if !line {
				s.while(isBlank)
				s.newline()
			}
			continue
		}
		if s.newline() { // an empty line
			c.flush()
			c.canPrev = false
			continue
		}
		if s.off >= len(s.src) || strings.IndexByte("}])", s.src[s.off]) >= 0 {
			c.flush() // the end of a scope has no doc comment
		}
		return c.finish()
	}
}

// inner drops the comments and white space up to the next token.
func (s *scanner) inner() {
	drop := &collector{}
	for {
		s.while(func(c byte) bool { return isBlank(c) || c == '\n' })
		if found, _ := s.comment(drop); !found {
			return
		}
	}
}
