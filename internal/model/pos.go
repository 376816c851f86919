package model

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Pos is a place in a source file. The zero Pos is unknown.
type Pos struct {
	File      string
	Line, Col int
}

// String returns file:line:col, or what of it is known.
func (p Pos) String() string {
	switch {
	case p.File == "":
		return "-"
	case p.Line == 0:
		return p.File
	default:
		return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Col)
	}
}

// Error is a problem with one declaration.
type Error struct {
	Pos Pos
	// Subject is the declaration, as "field pkg.Message.name".
	Subject string
	// Problem says what is wrong and what to do.
	Problem string
}

func (e *Error) Error() string { return fmt.Sprintf("%s: %s: %s", e.Pos, e.Subject, e.Problem) }

// position of d: the file is named by locate if that is known, else by the import path.
func position(d protoreflect.Descriptor, locate func(protoreflect.FileDescriptor) string) Pos {
	file := d.ParentFile()
	p := Pos{File: file.Path()}
	if locate != nil {
		if path := locate(file); path != "" {
			p.File = path
		}
	}
	if loc := file.SourceLocations().ByDescriptor(d); len(loc.Path) > 0 {
		p.Line, p.Col = loc.StartLine+1, loc.StartColumn+1
	}
	return p
}

// doc is the comment in front of a declaration, or else the one behind it.
func doc(d protoreflect.Descriptor) string {
	loc := d.ParentFile().SourceLocations().ByDescriptor(d)
	if strings.TrimSpace(loc.LeadingComments) == "" {
		return loc.TrailingComments
	}
	return loc.LeadingComments
}
