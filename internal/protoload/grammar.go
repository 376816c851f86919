package protoload

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	ast "github.com/emicklei/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	// maxDepth bounds nesting of declarations, and the parts of a name, so that nothing that walks them can run away.
	maxDepth = 100
	// maxName bounds a name, and a full one, in bytes: names are looked up in every scope around. protoc takes 64 KiB.
	maxName = 1024
)

// stmt tells which tokens a statement is made of. The fields that do not apply are zero.
type stmt struct {
	start, body, end int // first token; the "{" or else the ";"; last token
	name, num        int
	typ, reply       int // type of a field or request type of a method; reply type of a method
	ranges           []numRange
	names            []int         // tokens of reserved names
	options          []*ast.Option // of a group, see hiddenOptions
}

// numRange is one range of a reserved or extensions statement, both ends included.
type numRange struct {
	from, to   int32
	max        bool // the end was given as max
	at, toward int  // tokens of the ends
}

// grammar checks the tokens of a file, notes what statements they make, and sets how emicklei/proto is to see them.
// After an error it goes on with the next statement.
type grammar struct {
	toks    []tokn
	i       int
	depth   int
	failed  bool
	next    int    // the first token that no error was reported at
	syntax  string // proto2, proto3 or editions
	edition descriptorpb.Edition
	late    bool         // an import option was seen, which other imports come before
	stmts   map[int]stmt // by first token
	options map[int]int  // option values: first token -> last token
	errf    func(tok int, format string, args ...any)
}

func (g *grammar) tok() *tokn          { return &g.toks[g.i] }
func (g *grammar) at(text string) bool { return !g.failed && g.tok().is(text) }
func (g *grammar) more() bool          { return !g.failed && g.tok().kind != tokEOF }

func (g *grammar) advance() int {
	i := g.i
	if g.toks[i].kind != tokEOF {
		g.i++
	}
	return i
}

func (g *grammar) fail(format string, args ...any) {
	// A second error at a token comes from the first one.
	if !g.failed && g.i >= g.next {
		g.errf(g.i, format, args...)
		g.next = g.i + 1
	}
	g.failed = true
}

func (g *grammar) accept(text string) bool {
	if !g.at(text) {
		return false
	}
	t := &g.toks[g.advance()]
	t.render = t.text
	return true
}

func (g *grammar) expect(text string) {
	if !g.accept(text) {
		g.fail("found %v but expected %q", g.tok(), text)
	}
}

// Names are rendered as identifiers that no keyword or number can equal: with a letter that .proto files cannot
// hold in front, and another one in the place of dots.
const (
	nameMark = "ª"
	dotMark  = "º"
)

var nameText = strings.NewReplacer(nameMark, "", dotMark, ".")

// ident consumes the name of something that is declared.
func (g *grammar) ident(what string) int {
	if g.failed || g.tok().kind != tokIdent {
		g.fail("found %v but expected the name of %s", g.tok(), what)
		return 0
	}
	g.tok().render = nameMark + g.tok().text
	return g.advance()
}

// path consumes a name that may have dots, and, for a reference, a leading one.
func (g *grammar) path(what string, reference bool) int {
	var b strings.Builder
	b.WriteString(nameMark)
	first := g.i
	if reference && g.at(".") {
		b.WriteString(dotMark)
		g.advance()
	}
	for parts := 1; !g.failed; parts++ {
		switch {
		case g.tok().kind != tokIdent:
			g.fail("found %v but expected %s", g.tok(), what)
		case parts > maxDepth+1:
			g.fail("name has more than %d parts, shorten it", maxDepth+1)
		default:
			b.WriteString(g.tok().text)
			g.advance()
		}
		if !g.at(".") {
			break
		}
		b.WriteString(dotMark)
		g.advance()
	}
	g.toks[first].render = b.String()
	return first
}

// str consumes a string, which is rendered as the index of its token.
func (g *grammar) str(what string) int {
	if g.failed || g.tok().kind != tokString {
		g.fail("found %v but expected %s in quotes", g.tok(), what)
		return 0
	}
	g.tok().render = fmt.Sprintf("%q", strconv.Itoa(g.i))
	return g.advance()
}

// integer consumes a number that fits an int32, and renders it in decimal.
func (g *grammar) integer(what string, signed bool) (int32, int) {
	first, neg := g.i, signed && g.accept("-")
	t := g.tok()
	if g.failed || t.kind != tokInt {
		g.fail("found %v but expected %s", t, what)
		return 0, first
	}
	limit := int64(math.MaxInt32)
	if neg {
		limit++
	}
	v, err := strconv.ParseUint(t.text, 0, 64)
	if err != nil || v > uint64(limit) {
		g.fail("%s %s does not fit 32 bits", what, short(t.text))
		return 0, first
	}
	t.render = strconv.FormatUint(v, 10)
	g.advance()
	if neg {
		return int32(-int64(v)), first
	}
	return int32(v), first
}

// statement runs one rule and, when that failed, skips to the end of the statement.
func (g *grammar) statement(rule func()) {
	start := g.i
	rule()
	if !g.failed {
		return
	}
	g.failed = false
	if g.i == start {
		if g.at("}") {
			return
		}
		g.advance()
	}
	for open := 0; g.more(); g.advance() {
		switch {
		case g.at(";") && open == 0:
			g.advance()
			return
		case g.at("{"):
			open++
		case g.at("}") && open == 0:
			return
		case g.at("}"):
			if open--; open == 0 {
				g.advance()
				return
			}
		}
	}
}

// semicolon ends s.
func (g *grammar) semicolon(s *stmt) {
	g.expect(";")
	s.body, s.end = g.i-1, g.i-1
	g.stmts[s.start] = *s
}

// block consumes a body in braces and ends s. Not all bodies can hold empty statements.
func (g *grammar) block(s *stmt, empty bool, element func()) {
	if !g.failed && g.depth == maxDepth {
		g.fail("declarations nest more than %d deep, flatten them", maxDepth)
	}
	g.depth++
	s.body = g.i
	g.expect("{")
	for g.more() && !g.at("}") {
		if !empty || !g.accept(";") {
			g.statement(element)
		}
	}
	g.expect("}")
	g.depth--
	s.end = g.i - 1
	g.stmts[s.start] = *s
}

func (g *grammar) file() {
	g.syntax = "proto2"
	for first := true; g.more(); first = false {
		if g.at("}") {
			g.fail("found \"}\" that closes nothing, remove it")
			g.failed = false
			g.advance()
			continue
		}
		g.statement(func() { g.top(first) })
	}
}

func (g *grammar) top(first bool) {
	s := stmt{start: g.i}
	switch {
	case g.accept(";"):
	case g.at("syntax"), g.at("edition"):
		if !first {
			g.fail("%s must be the first statement of the file", g.tok().text)
			return
		}
		g.version(&s)
	case g.accept("import"):
		g.importFile(&s)
	case g.accept("package"):
		s.name = g.path("the name of a package", false)
		g.semicolon(&s)
	case g.at("option"):
		g.option()
	case g.visibility():
	case g.at("message"):
		g.message()
	case g.at("enum"):
		g.enum()
	case g.at("extend"):
		g.extend()
	case g.at("service"):
		g.service()
	default:
		g.fail("found %v but expected a message, enum, service, extend, import, package or option", g.tok())
	}
}

func (g *grammar) version(s *stmt) {
	kind := g.tok().text
	g.accept(kind)
	g.expect("=")
	if s.name = g.str(kind); g.failed {
		return
	}
	switch v := g.toks[s.name].text; {
	case kind == "edition" && editions[v] != 0:
		g.syntax, g.edition = "editions", editions[v]
	case kind == "edition":
		g.errf(s.name, "edition %q is not supported, use edition 2024 or 2023, proto3 or proto2", v)
	case v == "proto2", v == "proto3":
		g.syntax = v
	default:
		g.errf(s.name, "unknown syntax %q, use proto3 or proto2", v)
	}
	g.semicolon(s)
}

// editions are those that protobuf-go can represent.
var editions = map[string]descriptorpb.Edition{
	"2023": descriptorpb.Edition_EDITION_2023,
	"2024": descriptorpb.Edition_EDITION_2024,
}

func (g *grammar) importFile(s *stmt) {
	switch {
	case g.at("option"):
		if g.edition < descriptorpb.Edition_EDITION_2024 {
			g.errf(g.i, "import option needs edition 2024, remove option")
		}
		g.late = true
		g.advance() // emicklei/proto does not know it, so it is not rendered
	case g.late:
		g.errf(s.start, "imports come before those of options, move it up")
		fallthrough
	default:
		if g.at("weak") && g.edition >= descriptorpb.Edition_EDITION_2024 {
			g.errf(g.i, "edition 2024 has no weak imports, use import option or remove weak")
		}
		if !g.accept("public") {
			g.accept("weak")
		}
	}
	s.name = g.str("the name of a file")
	g.semicolon(s)
}

// visibility consumes the message or enum behind export or local, which are words for it from edition 2024 on.
// emicklei/proto does not know them, so they are not rendered.
func (g *grammar) visibility() bool {
	if g.edition < descriptorpb.Edition_EDITION_2024 || !g.at("export") && !g.at("local") {
		return false
	}
	word := g.toks[g.advance()].text
	switch {
	case g.at("message"):
		g.message()
	case g.at("enum"):
		g.enum()
	default:
		g.fail("found %v but expected a message or an enum, which is all that can be %s", g.tok(), word)
	}
	return true
}
