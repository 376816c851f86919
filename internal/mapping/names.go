package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/model"
)

// The names of the mapping are the same in WIT and in the imports and exports of guests. The rule is total: every proto
// identifier has a kebab-case name, and what has the name of something declared before it gets a number (see [Scope]). Only of
// packages and services the generator refuses names that meet, as a.b_c and a.b.c: no one order is theirs.

// Namespace is the WIT namespace of all packages that come from protos.
const Namespace = "proto"

// Package returns the WIT package of a proto package: "proto:a-b-c" for a.b.c, and "proto:root" without one.
func Package(pkg protoreflect.FullName) string {
	if pkg == "" {
		return Namespace + ":root"
	}
	return Namespace + ":" + Kebab(strings.ReplaceAll(string(pkg), ".", "_"))
}

// Interface returns the WIT identifier of a service, as "proto:helloworld/greeter".
func Interface(s *model.Service) string {
	return Package(s.File.Package) + "/" + Kebab(string(s.Name.Name()))
}

// Function returns the WIT name of a method, as "say-hello".
func Function(m *model.Method) string {
	return Functions(m.Service)[slices.Index(m.Service.Methods, m)]
}

// Functions returns the WIT names of all methods of a service, which are one scope.
func Functions(s *model.Service) []string {
	scope := Scope{}
	names := make([]string, len(s.Methods))
	for i, m := range s.Methods {
		names[i] = scope.Unique(Kebab(string(m.Name)))
	}
	return names
}

// Export returns the core export of a method, as "proto:helloworld/greeter#say-hello".
func Export(m *model.Method) string { return Interface(m.Service) + "#" + Function(m) }

// PostReturn returns the core export that frees the result of a method, which a guest may have.
func PostReturn(m *model.Method) string { return "cabi_post_" + Export(m) }

// CheckNames refuses services that have the name of another one. The error joins a [*model.Error] for each.
func CheckNames(m *model.Model) error {
	var errs []error
	seen := map[string]*model.Service{}
	for _, f := range m.Files {
		for _, s := range f.Services {
			name := Interface(s)
			other := seen[name]
			if other == nil {
				seen[name] = s
				continue
			}
			errs = append(errs, &model.Error{
				Pos: s.Pos, Subject: "service " + string(s.Name),
				Problem: fmt.Sprintf("its WIT name %s is also that of %s at %s; rename one of them", name, other.Name, other.Pos),
			})
		}
	}
	return errors.Join(errs...)
}

// Scope makes the names of one scope unique, in the order in which they are asked for. It maps each name that is taken to the
// last number that was tried for it.
type Scope map[string]int

// Unique returns label if that is not taken yet, else label-n2, label-n3 and so on, and takes what it returns.
func (s Scope) Unique(label string) string {
	name := label
	for i := s[label]; s[name] > 0; i++ {
		name = fmt.Sprintf("%s-n%d", label, i+1)
		s[label] = i + 1
	}
	s[name] = max(s[name], 1)
	return name
}

// Kebab turns a proto identifier into a WIT label: words of lower-case letters and digits that begin with a letter. Words end
// at underscores and at changes from lower to upper case, and a run of capitals is one word up to the last before a
// lower-case letter: HTTPServer is http-server. A word that would begin with a digit is joined to the one before it: a_1 is
// a1.
func Kebab(ident string) string {
	var words []string
	var word strings.Builder
	end := func() {
		if w := word.String(); w != "" {
			if n := len(words); n > 0 && isDigit(w[0]) {
				words[n-1] += w
			} else {
				words = append(words, w)
			}
			word.Reset()
		}
	}
	for i := range len(ident) {
		c := ident[i]
		switch {
		case isUpper(c):
			afterLower := i > 0 && (isLower(ident[i-1]) || isDigit(ident[i-1]))
			lastOfRun := i > 0 && isUpper(ident[i-1]) && i+1 < len(ident) && isLower(ident[i+1])
			if afterLower || lastOfRun {
				end()
			}
			word.WriteByte(c + 'a' - 'A')
		case isLower(c), isDigit(c):
			word.WriteByte(c)
		default:
			end()
		}
	}
	end()
	label := strings.Join(words, "-")
	if label == "" || isDigit(label[0]) {
		// Only underscores, or underscores before a digit: legal in protobuf.
		label = "x" + label
	}
	return label
}

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
func isLower(c byte) bool { return 'a' <= c && c <= 'z' }
func isDigit(c byte) bool { return '0' <= c && c <= '9' }
