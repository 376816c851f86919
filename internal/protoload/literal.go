package protoload

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// literal reads the value of an option that is a message in text format, from the tokens of a file. The brackets in it
// are known to match. What is set in it that descriptor.proto does not declare, which is written in square brackets, is
// left out, as custom options are.
type literal struct {
	*file
	i int
}

// placed is an error about a token.
type placed struct {
	tok int
	msg string
}

func (e *placed) Error() string { return e.msg }

func (p *literal) errorf(format string, args ...any) error {
	return &placed{p.i, fmt.Sprintf(format, args...)}
}

func (p *literal) tok() *tokn { return &p.toks[p.i] }

func (p *literal) accept(text string) bool {
	if !p.tok().is(text) {
		return false
	}
	p.i++
	return true
}

// message reads fields up to the closing bracket, and that.
func (p *literal) message(m protoreflect.Message, closing string) error {
	for !p.accept(closing) {
		if p.tok().is("[") {
			p.skipBrackets()
			p.accept(":")
			p.skipValue()
		} else if err := p.field(m); err != nil {
			return err
		}
		if !p.accept(",") {
			p.accept(";")
		}
	}
	return nil
}

func (p *literal) field(m protoreflect.Message) error {
	t := p.tok()
	if t.kind != tokIdent {
		return p.errorf("found %v but expected the name of a field", t)
	}
	fd := m.Descriptor().Fields().ByName(protoreflect.Name(t.text))
	if fd == nil {
		return p.errorf("%s has no field %s", m.Descriptor().FullName(), t.text)
	}
	if !fd.IsList() && m.Has(fd) {
		return p.errorf("field %s is set twice, remove one", t.text)
	}
	p.i++
	colon := p.accept(":")
	if fd.IsList() && p.accept("[") {
		for !p.accept("]") {
			if err := p.value(m, fd); err != nil {
				return err
			}
			if !p.accept(",") && !p.tok().is("]") {
				return p.errorf("found %v but expected \",\" or \"]\"", p.tok())
			}
		}
		return nil
	}
	if !colon && fd.Kind() != protoreflect.MessageKind {
		return p.errorf("found %v but expected \":\"", p.tok())
	}
	return p.value(m, fd)
}

func (p *literal) value(m protoreflect.Message, fd protoreflect.FieldDescriptor) error {
	if fd.Kind() == protoreflect.MessageKind {
		closing := map[string]string{"{": "}", "<": ">"}[p.tok().text]
		if p.tok().kind != tokPunct || closing == "" {
			return p.errorf("found %v but expected a message in braces", p.tok())
		}
		p.i++
		return p.message(appendOrMutable(m, fd), closing)
	}
	v := value{file: p.file, first: p.i, last: p.i}
	if p.tok().is("-") {
		v.last++
	}
	if err := v.setScalar(m, fd); err != nil {
		return p.errorf("%v", err)
	}
	p.i = v.last + 1
	return nil
}

// skipBrackets skips from an opening bracket behind the one that matches.
func (p *literal) skipBrackets() {
	for depth := 0; ; p.i++ {
		t := p.tok()
		if t.kind != tokPunct {
			continue
		}
		if strings.Contains("{[<(", t.text) {
			depth++
		} else if strings.Contains("}]>)", t.text) {
			if depth--; depth == 0 {
				p.i++
				return
			}
		}
	}
}

func (p *literal) skipValue() {
	if p.tok().kind == tokPunct && slices.Contains([]string{"{", "[", "<"}, p.tok().text) {
		p.skipBrackets()
		return
	}
	p.accept("-")
	// A closing bracket in place of a value is left to the message that it closes.
	if t := p.tok(); t.kind != tokPunct {
		p.i++
	}
}
