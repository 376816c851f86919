package protoload

import (
	"strconv"
	"strings"

	ast "github.com/emicklei/proto"
)

func (g *grammar) message() {
	s := stmt{start: g.i}
	g.expect("message")
	s.name = g.ident("a message")
	g.block(&s, true, g.messageElement)
}

func (g *grammar) messageElement() {
	switch {
	case g.visibility():
	case g.at("message"):
		g.message()
	case g.at("enum"):
		g.enum()
	case g.at("extend"):
		g.extend()
	case g.at("option"):
		g.option()
	case g.at("oneof"):
		g.oneof()
	case g.at("reserved"):
		g.reserved(false)
	case g.at("extensions"):
		g.extensions()
	case g.at("map") && g.toks[g.i+1].is("<"):
		g.mapField()
	default:
		g.field(true)
	}
}

func (g *grammar) extend() {
	s := stmt{start: g.i}
	g.expect("extend")
	s.typ = g.path("the name of a message", true)
	g.block(&s, false, func() { g.field(true) })
}

func (g *grammar) oneof() {
	s := stmt{start: g.i}
	g.expect("oneof")
	s.name = g.ident("a oneof")
	g.block(&s, false, func() {
		if g.at("option") {
			g.option()
			return
		}
		g.field(false)
	})
}

// field consumes a field or a group. Members of a oneof have no label.
func (g *grammar) field(label bool) {
	s := stmt{start: g.i}
	for _, l := range []string{"optional", "repeated", "required"} {
		if !g.at(l) {
			continue
		}
		if !label {
			g.fail("a field in a oneof has no label, remove %q", l)
			return
		}
		g.accept(l)
		break
	}
	if g.at("map") && g.toks[g.i+1].is("<") {
		g.fail("a map field has no label and cannot be in a oneof or an extend block, use a message with a map field")
		return
	}
	group := g.accept("group")
	if !group {
		s.typ = g.path("the type of a field", true)
	}
	g.fieldTail(&s)
	if group {
		s.options = g.hiddenOptions()
		g.block(&s, true, g.messageElement)
		return
	}
	g.inlineOptions()
	g.semicolon(&s)
}

// hiddenOptions consumes the options of a group, which emicklei/proto cannot read, and makes nodes of them here.
func (g *grammar) hiddenOptions() (list []*ast.Option) {
	first := g.i
	g.inlineOptions()
	if g.failed {
		return nil
	}
	name := strings.Builder{}
	at := first
	for i := first; i < g.i; i++ {
		t := &g.toks[i]
		switch {
		case g.options[i] != 0:
			o := &ast.Option{Name: name.String(), Constant: ast.Literal{Source: t.render}, IsEmbedded: true}
			o.Position.Line = at + 1
			list = append(list, o)
		case t.render == "[" || t.render == ",":
			at = i
			name.Reset()
		case t.render != "=":
			name.WriteString(t.render)
		}
		t.render = ""
	}
	return list
}

func (g *grammar) mapField() {
	s := stmt{start: g.i}
	g.expect("map")
	g.expect("<")
	g.path("the key type of a map", true)
	g.expect(",")
	s.typ = g.path("the value type of a map", true)
	g.expect(">")
	g.fieldTail(&s)
	g.inlineOptions()
	g.semicolon(&s)
}

func (g *grammar) fieldTail(s *stmt) {
	s.name = g.ident("a field")
	g.expect("=")
	_, s.num = g.integer("the number of a field", false)
}

func (g *grammar) enum() {
	s := stmt{start: g.i}
	g.expect("enum")
	s.name = g.ident("an enum")
	g.block(&s, true, func() {
		switch {
		case g.at("option"):
			g.option()
		case g.at("reserved"):
			g.reserved(true)
		default:
			v := stmt{start: g.i}
			v.name = g.ident("an enum value")
			g.expect("=")
			_, v.num = g.integer("the number of an enum value", true)
			g.inlineOptions()
			g.semicolon(&v)
		}
	})
}

func (g *grammar) service() {
	s := stmt{start: g.i}
	g.expect("service")
	s.name = g.ident("a service")
	g.block(&s, true, func() {
		if g.at("option") {
			g.option()
			return
		}
		g.method()
	})
}

func (g *grammar) method() {
	s := stmt{start: g.i}
	g.expect("rpc")
	s.name = g.ident("a method")
	message := func() int {
		g.expect("(")
		g.accept("stream")
		t := g.path("the name of a message", true)
		g.expect(")")
		return t
	}
	s.typ = message()
	g.expect("returns")
	s.reply = message()
	if g.at("{") {
		g.block(&s, true, g.option)
		return
	}
	g.semicolon(&s)
}

// reserved consumes the ranges or the names of a reserved statement.
func (g *grammar) reserved(enum bool) {
	s := stmt{start: g.i}
	g.expect("reserved")
	switch kind := g.tok().kind; {
	case kind == tokString, kind == tokIdent:
		// Names are quoted before editions, and bare from then on.
		for {
			switch {
			case kind == tokString && g.syntax == "editions" && g.tok().kind == tokString:
				g.fail("reserved names are not quoted in editions, remove the quotes")
			case kind == tokString:
				if t := g.tok(); t.kind == tokString && !isIdent(t.text) {
					g.fail("reserved name %q is not a name", t.text)
				}
				s.names = append(s.names, g.str("a reserved name"))
			case g.syntax != "editions":
				g.fail("found %v but expected a number or a name in quotes", g.tok())
			default:
				s.names = append(s.names, g.ident("a reserved field"))
			}
			if !g.accept(",") {
				break
			}
		}
	default:
		s.ranges = g.rangeList(enum)
	}
	g.semicolon(&s)
}

func isIdent(s string) bool {
	for i := range len(s) {
		if !isWord(s[i]) {
			return false
		}
	}
	return s != "" && isLetter(s[0])
}

func (g *grammar) extensions() {
	s := stmt{start: g.i}
	g.expect("extensions")
	s.ranges = g.rangeList(false)
	g.inlineOptions()
	g.semicolon(&s)
}

func (g *grammar) rangeList(signed bool) (list []numRange) {
	for {
		var r numRange
		r.from, r.at = g.integer("a number", signed)
		r.to, r.toward = r.from, r.at
		if g.accept("to") {
			if r.toward = g.i; g.accept("max") {
				r.max = true
			} else {
				r.to, _ = g.integer("a number or max", signed)
			}
		}
		list = append(list, r)
		if !g.accept(",") {
			return list
		}
	}
}

func (g *grammar) option() {
	s := stmt{start: g.i}
	g.expect("option")
	g.assignment()
	g.semicolon(&s)
}

func (g *grammar) inlineOptions() {
	if !g.accept("[") {
		return
	}
	for {
		g.assignment()
		if !g.accept(",") {
			break
		}
	}
	g.expect("]")
}

// assignment consumes the name and the value of an option. The value is rendered as the index of its first token:
// it is read from the tokens, where escapes, signs and the structure of literals are still at hand.
func (g *grammar) assignment() {
	for parts := 1; !g.failed; parts++ {
		switch {
		case parts > maxDepth+1:
			g.fail("name has more than %d parts, shorten it", maxDepth+1)
		case g.accept("("):
			g.path("the name of an option", true)
			g.expect(")")
		default:
			g.ident("an option")
		}
		if !g.accept(".") {
			break
		}
	}
	g.expect("=")
	if g.failed {
		return
	}
	first := g.i
	switch t := g.tok(); {
	case t.is("{"):
		g.literal()
	case t.is("-"):
		g.advance()
		if t := g.tok(); t.kind != tokInt && t.kind != tokFloat && !t.is("inf") && !t.is("nan") {
			g.fail("found %v but expected a number", t)
		} else {
			g.advance()
		}
	case t.kind == tokPunct, t.kind == tokEOF:
		g.fail("found %v but expected the value of an option", t)
	default:
		g.advance()
	}
	g.options[first] = g.i - 1
	g.toks[first].render = strconv.Itoa(first)
}

// literal consumes a message literal up to its closing brace. What is inside is checked by whoever reads the value.
func (g *grammar) literal() {
	var open []string
	closing := map[string]string{"{": "}", "[": "]", "<": ">", "(": ")"}
	for g.more() {
		t := g.tok()
		if t.kind == tokPunct {
			if c, ok := closing[t.text]; ok {
				open = append(open, c)
			} else if n := len(open) - 1; t.text == "}" || t.text == "]" || t.text == ">" || t.text == ")" {
				if open[n] != t.text {
					g.fail("found %v but expected %q", t, open[n])
					return
				}
				open = open[:n]
			}
		}
		if len(open) > maxDepth {
			g.fail("literals nest more than %d deep, flatten them", maxDepth)
			return
		}
		g.advance()
		if len(open) == 0 {
			return
		}
	}
	g.fail("found %v but expected %q", g.tok(), open[len(open)-1])
}
