package staging

import (
	"fmt"
	"go/token"
)

// A PositionError is one finding of the go command in the user's code.
type PositionError struct {
	Pos     token.Position // in the user's tree, with an absolute file name; the zero value if unknown
	Package string         // import path; empty if unknown
	Msg     string
}

func (e *PositionError) Error() string {
	switch {
	case e.Pos.Filename != "":
		return e.Pos.String() + ": " + e.Msg
	case e.Package != "":
		return e.Package + ": " + e.Msg
	}
	return e.Msg
}

// A DependencyError says that a module which the user did not write is the reason why there is no guest, or no native program.
type DependencyError struct {
	Path     string // module path
	Version  string
	Package  string // import path of the package that does not compile
	Platform Platform
	Advice   string // what to do, or empty
	Err      error  // the first finding, usually a [*PositionError]
}

func (e *DependencyError) Error() string {
	s := fmt.Sprintf("dependency %s %s does not compile for %s: %v", e.Path, e.Version, e.Platform, e.Err)
	if e.Advice != "" {
		s += "; " + e.Advice
	}
	return s
}

func (e *DependencyError) Unwrap() error { return e.Err }
