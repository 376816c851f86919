package protoload

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"

	ast "github.com/emicklei/proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// ensure returns *p, which it makes if there is none yet.
func ensure[T any](p **T) *T {
	if *p == nil {
		*p = new(T)
	}
	return *p
}

// value is what an option is set to: the tokens from first to last.
type value struct {
	*file
	first, last int
}

// value returns the value of an option, whose index grammar rendered in its place.
func (c *converter) value(o *ast.Option) value {
	first, _ := strconv.Atoi(o.Constant.Source)
	return value{file: c.file, first: first, last: c.options[first]}
}

// option sets an option that descriptor.proto declares. Custom options are left out: nothing here can read them.
func (c *converter) option(o *ast.Option, element string, target func() proto.Message) {
	name := nameText.Replace(o.Name)
	if strings.Contains(name, "(") {
		return
	}
	v := c.value(o)
	tok := tokenOf(o.Position.Line) + 1
	m := target().ProtoReflect()
	parts := strings.Split(name, ".")
	for i, part := range parts {
		fd := m.Descriptor().Fields().ByName(protoreflect.Name(part))
		last := i == len(parts)-1
		switch {
		case fd == nil, fd.Name() == "uninterpreted_option", !last && (fd.Kind() != protoreflect.MessageKind || fd.IsList()):
			c.r.add(c.pos(tok), "option "+name, "unknown option of a %s, custom options are written in parentheses", element)
			return
		case removed(fd, c.edition):
			c.r.add(c.pos(tok), "option "+name, "was removed in this edition, remove it")
			return
		case fd.Name() == "map_entry":
			c.r.add(c.pos(tok), "option "+name, "cannot be set, use a map field")
			return
		case !last:
			m = m.Mutable(fd).Message()
			continue
		case !fd.IsList() && m.Has(fd):
			c.r.add(c.pos(tok), "option "+name, "set twice, remove one")
			return
		}
		if err := v.set(m, fd); err != nil {
			tok, inside := v.first, (*placed)(nil)
			if errors.As(err, &inside) {
				tok = inside.tok
			}
			c.r.add(c.pos(tok), "option "+name, "%v", err)
		} else if parts[0] == "features" {
			c.checkFeatures(tok, name, element, m, fd)
		}
	}
}

// removed tells an option that an edition does not have any more.
func removed(fd protoreflect.FieldDescriptor, edition descriptorpb.Edition) bool {
	opts, _ := fd.Options().(*descriptorpb.FieldOptions)
	since := opts.GetFeatureSupport().GetEditionRemoved()
	return since != descriptorpb.Edition_EDITION_UNKNOWN && since <= edition
}

// set stores v in a field of an options message.
func (v value) set(m protoreflect.Message, fd protoreflect.FieldDescriptor) error {
	if fd.Kind() != protoreflect.MessageKind {
		return v.setScalar(m, fd)
	}
	if !v.toks[v.first].is("{") {
		return v.expected("a message literal in braces")
	}
	p := &literal{file: v.file, i: v.first + 1}
	return p.message(appendOrMutable(m, fd), "}")
}

func appendOrMutable(m protoreflect.Message, fd protoreflect.FieldDescriptor) protoreflect.Message {
	if fd.IsList() {
		return m.Mutable(fd).List().AppendMutable().Message()
	}
	return m.Mutable(fd).Message()
}

func (v value) setScalar(m protoreflect.Message, fd protoreflect.FieldDescriptor) error {
	pv, err := v.scalar(fd)
	if err != nil {
		return err
	}
	if fd.IsList() {
		m.Mutable(fd).List().Append(pv)
	} else {
		m.Set(fd, pv)
	}
	return nil
}

func (v value) scalar(fd protoreflect.FieldDescriptor) (protoreflect.Value, error) {
	switch fd.Kind() {
	case protoreflect.BoolKind:
		b, err := v.boolean()
		return protoreflect.ValueOfBool(b), err
	case protoreflect.StringKind:
		s, err := v.str()
		return protoreflect.ValueOfString(s), err
	case protoreflect.EnumKind:
		name, err := v.ident()
		if err != nil {
			return protoreflect.Value{}, err
		}
		ev := fd.Enum().Values().ByName(protoreflect.Name(name))
		if ev == nil {
			return protoreflect.Value{}, fmt.Errorf("%s is not a value of %s", name, fd.Enum().FullName())
		}
		return protoreflect.ValueOfEnum(ev.Number()), nil
	case protoreflect.Int32Kind:
		s, err := v.integer(32, true)
		n, _ := strconv.ParseInt(s, 10, 32)
		return protoreflect.ValueOfInt32(int32(n)), err
	}
	return protoreflect.Value{}, fmt.Errorf("options of type %v are not supported yet", fd.Kind())
}

func (v value) expected(what string) error {
	return fmt.Errorf("found %v but expected %s", &v.toks[v.first], what)
}

func (v value) ident() (string, error) {
	if t := v.toks[v.first]; t.kind == tokIdent {
		return t.text, nil
	}
	return "", v.expected("a name")
}

func (v value) boolean() (bool, error) {
	switch s, _ := v.ident(); s {
	case "true", "false":
		return s == "true", nil
	}
	return false, v.expected("true or false")
}

func (v value) bytes() (string, error) {
	if t := v.toks[v.first]; t.kind == tokString {
		return t.text, nil
	}
	return "", v.expected("a string")
}

func (v value) str() (string, error) {
	s, err := v.bytes()
	if err == nil && !utf8.ValidString(s) {
		return "", errors.New("string is not valid UTF-8")
	}
	return s, err
}

// number returns the sign and the token of a number.
func (v value) number() (neg bool, t *tokn) {
	neg = v.toks[v.first].is("-")
	return neg, &v.toks[v.last]
}

// integer returns the decimal form of an integer that fits a number of bits.
func (v value) integer(bits int, signed bool) (string, error) {
	neg, t := v.number()
	if t.kind != tokInt || neg && !signed {
		return "", v.expected(map[bool]string{true: "an integer", false: "an integer that is not negative"}[signed])
	}
	limit := uint64(math.MaxUint64) >> (64 - bits)
	if signed {
		limit >>= 1
		if neg {
			limit++
		}
	}
	n, err := strconv.ParseUint(t.text, 0, 64)
	if err != nil || n > limit {
		return "", fmt.Errorf("number %s does not fit %d bits", short(t.text), bits)
	}
	s := strconv.FormatUint(n, 10)
	if neg && n != 0 {
		s = "-" + s
	}
	return s, nil
}

// float returns the shortest text that stands for a floating-point number of that many bits. That of protoc can
// have more digits, for the same number.
func (v value) float(bits int) (string, error) {
	neg, t := v.number()
	var f float64
	switch {
	case t.kind == tokFloat, t.kind == tokInt && isDecimal(t.text):
		f, _ = strconv.ParseFloat(t.text, 64) // out of range is infinity, as in protoc
	case t.kind == tokInt:
		n, err := strconv.ParseUint(t.text, 0, 64)
		if err != nil {
			return "", fmt.Errorf("number %s does not fit 64 bits", short(t.text))
		}
		f = float64(n)
	case t.is("inf"):
		f = math.Inf(1)
	case t.is("nan"):
		return "nan", nil
	default:
		return "", v.expected("a number")
	}
	if neg {
		f = -f
	}
	if bits == 32 {
		f = float64(float32(f))
	}
	if math.IsInf(f, 0) {
		return map[bool]string{true: "-inf", false: "inf"}[neg], nil
	}
	return strconv.FormatFloat(f, 'g', -1, bits), nil
}
