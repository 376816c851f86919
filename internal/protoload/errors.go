package protoload

import (
	"cmp"
	"errors"
	"fmt"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// maxErrors bounds what one run reports: hostile input can hold an error per byte.
const maxErrors = 100

// Error is one finding. [Load] returns all findings of a run, joined; errors.As finds the first.
type Error struct {
	// Pos is where the file was found, with the line and the column as protoc counts them: from one, in bytes,
	// a tab reaching to the next multiple of eight. Line is zero when the finding concerns a whole file.
	Pos token.Position
	// Subject is what the finding is about: "field next", "import", "syntax".
	Subject string
	// Message says what is wrong and, where that is not obvious, what to do.
	Message string
}

// Error returns "file:line:col: subject: message".
func (e *Error) Error() string {
	return fmt.Sprintf("%s: %s: %s", e.Pos, e.Subject, e.Message)
}

// report collects the findings of one run.
type report struct {
	errs []*Error
}

func (r *report) add(pos token.Position, subject, format string, args ...any) {
	r.errs = append(r.errs, &Error{Pos: pos, Subject: subject, Message: fmt.Sprintf(format, args...)})
}

// err joins the findings, file by file in the order given, by position within a file. It is nil without findings.
func (r *report) err(order map[string]int) error {
	if len(r.errs) == 0 {
		return nil
	}
	slices.SortStableFunc(r.errs, func(a, b *Error) int {
		return cmp.Or(
			cmp.Compare(order[a.Pos.Filename], order[b.Pos.Filename]),
			cmp.Compare(a.Pos.Line, b.Pos.Line),
			cmp.Compare(a.Pos.Column, b.Pos.Column))
	})
	all := make([]error, 0, min(len(r.errs), maxErrors)+1)
	for i, e := range r.errs {
		if i == maxErrors {
			all = append(all, fmt.Errorf("too many errors: %d more", len(r.errs)-maxErrors))
			break
		}
		all = append(all, e)
	}
	return errors.Join(all...)
}

var quotedName = regexp.MustCompile(`"([A-Za-z_][A-Za-z0-9_.]*)"`)

// addLinkError files an error of protodesc under the element that it names. Names are quoted and fully qualified
// there, and what an error is about comes first.
func (r *report) addLinkError(f *file, err error) {
	msg := strings.TrimSpace(strings.TrimLeft(strings.TrimPrefix(err.Error(), "proto:"), " \u00a0"))
	pos, subject := token.Position{Filename: f.path}, "file "+f.name
	for _, m := range quotedName.FindAllStringSubmatch(msg, -1) {
		if s, ok := f.declared[m[1]]; ok {
			pos, subject = s.pos, s.String()
			break
		}
	}
	r.add(pos, subject, "%s", msg)
}
