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

// A DependencyError says that a module which the user did not write is the reason why there is no guest.
type DependencyError struct {
	Path    string // module path
	Version string
	Package string // import path of the package that does not compile
	Advice  string // what to do
	Err     error  // the first finding, usually a [*PositionError]
}

func (e *DependencyError) Error() string {
	return fmt.Sprintf("dependency %s %s does not compile for wasip1: %v; %s", e.Path, e.Version, e.Err, e.Advice)
}

func (e *DependencyError) Unwrap() error { return e.Err }
