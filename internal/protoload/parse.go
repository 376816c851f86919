package protoload

import (
	"go/token"
	"regexp"
	"strconv"
	"strings"

	ast "github.com/emicklei/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// file is one .proto file on its way to a descriptor.
type file struct {
	name string // as in an import statement
	path string // where it was found

	toks    []tokn
	stmts   map[int]stmt
	options map[int]int
	syntax  string
	edition descriptorpb.Edition // zero without one

	fd       *descriptorpb.FileDescriptorProto
	imports  []importStmt
	refs     []ref
	defaults []defaultValue
	fields   []declaredField
	declared map[string]symbol // by full name

	// paths is the number of chains of public imports that start here, as far as that is bounded.
	paths int

	broken bool // it, or a file that it needs, could not be read in full
	desc   protoreflect.FileDescriptor
}

type importStmt struct {
	at     int // token of the name
	public bool
	file   *file // nil if it could not be read
}

// pos returns the position of a token in the form that findings use.
func (f *file) pos(tok int) token.Position { return f.place(f.toks[tok].pos) }

func (f *file) place(p point) token.Position {
	return token.Position{Filename: f.path, Line: int(p.line) + 1, Column: int(p.col) + 1}
}

// parse reads the source of f. The tree is nil when there were findings.
func (f *file) parse(src string, r *report) *ast.Proto {
	before := len(r.errs)
	f.toks = scan(src, func(p point, format string, args ...any) {
		r.add(f.place(p), "syntax", format, args...)
	})
	if len(r.errs) > before { // tokens that are not what was meant make no sense to the grammar
		return nil
	}
	g := &grammar{toks: f.toks, stmts: map[int]stmt{}, options: map[int]int{},
		errf: func(tok int, format string, args ...any) { r.add(f.pos(tok), "syntax", format, args...) }}
	g.file()
	f.stmts, f.options, f.syntax, f.edition = g.stmts, g.options, g.syntax, g.edition
	if len(r.errs) > before {
		return nil
	}
	tree, err := ast.NewParser(strings.NewReader(f.render())).Parse()
	if err != nil {
		f.addSyntaxError(r, err)
		return nil
	}
	return tree
}

// render returns the text that emicklei/proto reads: the n-th line, from one, is the token of index n-1, so that the
// line of a node is the index of its token. Comments, which emicklei/proto does not take everywhere, are left out.
func (f *file) render() string {
	var b strings.Builder
	for i := range f.toks {
		b.WriteString(f.toks[i].render)
		b.WriteByte('\n')
	}
	return b.String()
}

var parserError = regexp.MustCompile(`(?:^|\D)(\d+):\d+(?::| =) (.*)`)

// addSyntaxError brings an error of emicklei/proto into our form. The source is valid, so this is its limitation.
func (f *file) addSyntaxError(r *report, err error) {
	pos, msg := token.Position{Filename: f.path}, nameText.Replace(strings.TrimSpace(err.Error()))
	if m := parserError.FindStringSubmatch(msg); m != nil {
		if line, err := strconv.Atoi(m[1]); err == nil && 0 < line && line <= len(f.toks) {
			pos, msg = f.pos(line-1), m[2]
		}
	}
	r.add(pos, "syntax", "%s, this form is not supported yet", msg)
}
