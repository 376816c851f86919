package usage

import (
	"fmt"
	"slices"
	"strings"
)

// A Term says what is known of a string or a number that a function computes, in
// terms of the function's parameters. Terms travel in facts; they are not
// changed once made.
type Term struct {
	Op Op
	// Text is the text of a Const, the name of the parameter of a Param, what
	// keeps a Setting ("flag"), or where an Unknown comes from.
	Text  string
	Param int    // of a Param; receiver is -1
	Field string // of a Param: the field of it that is meant, or ""
	// Args are the name and, if there is one, the default of a Setting; the parts
	// of a Concat; the alternatives of an Either.
	Args []*Term
}

// An Op is the kind of a Term.
type Op int

const (
	OpUnknown Op = iota // nothing is known but where it comes from
	OpConst             // it is Text
	OpParam             // it is a parameter, or a field of one
	OpSetting           // whoever starts the program sets it
	OpConcat            // one part after the other
	OpEither            // one of several
)

func constTerm(s string) *Term   { return &Term{Op: OpConst, Text: s} }
func unknownTerm(s string) *Term { return &Term{Op: OpUnknown, Text: s} }

// setting returns the term of what is kept under a name; def may be nil.
func setting(kind string, name, def *Term) *Term {
	t := &Term{Op: OpSetting, Text: kind, Args: []*Term{name}}
	if def != nil {
		t.Args = append(t.Args, def)
	}
	return t
}

func (t *Term) equal(u *Term) bool {
	return t.Op == u.Op && t.Text == u.Text && t.Param == u.Param && t.Field == u.Field &&
		slices.EqualFunc(t.Args, u.Args, (*Term).equal)
}

// has reports whether t or a part of it is an op.
func (t *Term) has(op Op) bool {
	return t.Op == op || slices.ContainsFunc(t.Args, func(a *Term) bool { return a.has(op) })
}

// open reports whether t depends on a parameter.
func (t *Term) open() bool { return t.has(OpParam) }

// concat joins parts, of which neighbouring constants become one.
func concat(parts ...*Term) *Term {
	var list []*Term
	for _, p := range parts {
		more := []*Term{p}
		if p.Op == OpConcat {
			more = p.Args
		}
		for _, p := range more {
			if n := len(list); n > 0 && p.Op == OpConst && list[n-1].Op == OpConst {
				list[n-1] = constTerm(list[n-1].Text + p.Text)
			} else if p.Op != OpConst || p.Text != "" {
				list = append(list, p)
			}
		}
	}
	switch len(list) {
	case 0:
		return constTerm("")
	case 1:
		return list[0]
	}
	return &Term{Op: OpConcat, Args: list}
}

// either returns the term for what one variable is. What is either a setting or
// a constant is the setting with that default: so programs are written that fall
// back to something.
func either(terms ...*Term) *Term {
	t := alternatives(terms...)
	if t.Op != OpEither || len(t.Args) != 2 {
		return t
	}
	for i, s := range t.Args {
		other := t.Args[1-i]
		if s.Op == OpSetting && len(s.Args) == 1 && (other.Op == OpConst || other.Op == OpParam) {
			return setting(s.Text, s.Args[0], other)
		}
	}
	return t
}

// alternatives returns the term for one of several.
func alternatives(terms ...*Term) *Term {
	var list []*Term
	for _, a := range terms {
		more := []*Term{a}
		if a.Op == OpEither {
			more = a.Args
		}
		for _, a := range more {
			if !slices.ContainsFunc(list, a.equal) {
				list = append(list, a)
			}
		}
	}
	// No program listens on or dials the empty string; it is a variable that is
	// not set yet.
	if rest := slices.DeleteFunc(slices.Clone(list), func(t *Term) bool { return t.Op == OpConst && t.Text == "" }); len(rest) > 0 {
		list = rest
	}
	if len(list) == 1 {
		return list[0]
	}
	return &Term{Op: OpEither, Args: list}
}

// substitute returns t with its parameters replaced.
func (t *Term) substitute(param func(*Term) *Term) *Term {
	if t.Op == OpParam {
		return param(t)
	}
	if !t.open() {
		return t
	}
	args := make([]*Term, len(t.Args))
	for i, a := range t.Args {
		args[i] = a.substitute(param)
	}
	switch t.Op {
	case OpConcat:
		return concat(args...)
	case OpEither:
		return alternatives(args...)
	}
	return &Term{Op: t.Op, Text: t.Text, Args: args}
}

// Value returns t for those who want one answer.
func (t *Term) Value() Value {
	switch t.Op {
	case OpConst:
		return Value{Known: true, Const: t.Text}
	case OpSetting:
		return t.settingValue()
	case OpConcat:
		return concatValue(t.Args)
	case OpEither:
		return eitherValue(t.Args)
	case OpParam:
		if t.Field != "" {
			return unknown("field " + t.Field + " of " + t.Text)
		}
		return unknown(t.Text)
	}
	return unknown(t.Text)
}

func (t *Term) settingValue() Value {
	source := t.Text + " " + t.Args[0].Text
	if t.Args[0].Op != OpConst {
		source = article(t.Text)
	}
	v := unknown(source)
	if len(t.Args) > 1 {
		if def := t.Args[1].Value(); def.Known {
			v.Default = def.Const
		} else {
			v.Default = def.Default
			v.Source += ", else " + def.Source
		}
	}
	return v
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}

func concatValue(parts []*Term) Value {
	var text strings.Builder
	var sources []string
	complete := true
	for _, p := range parts {
		def, ok := p.fallback()
		text.WriteString(def)
		complete = complete && ok
		if v := p.Value(); !v.Known && !slices.Contains(sources, v.Source) {
			sources = append(sources, v.Source)
		}
	}
	v := unknown(strings.Join(sources, " and "))
	if complete {
		v.Default = text.String()
	}
	return v
}

// fallback returns what t is if nobody sets anything, and whether that is known.
// It may be empty.
func (t *Term) fallback() (string, bool) {
	switch t.Op {
	case OpConst:
		return t.Text, true
	case OpSetting:
		if len(t.Args) > 1 {
			return t.Args[1].fallback()
		}
	case OpConcat:
		var text strings.Builder
		for _, p := range t.Args {
			def, ok := p.fallback()
			if !ok {
				return "", false
			}
			text.WriteString(def)
		}
		return text.String(), true
	}
	return "", false
}

// maxShown bounds how many alternatives a sentence names.
const maxShown = 4

func eitherValue(alternatives []*Term) Value {
	var names []string
	for _, a := range alternatives {
		v := a.Value()
		name := v.String()
		if v.Known {
			name = fmt.Sprintf("%q", v.Const)
		}
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	if n := len(names); n > maxShown {
		return unknown(fmt.Sprintf("one of %d values", n))
	}
	return unknown(strings.Join(names, " or "))
}
