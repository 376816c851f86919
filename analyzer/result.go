package analyzer

import (
	"cmp"
	"go/token"
	"slices"
	"strings"

	"golang.org/x/tools/go/packages"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/rewrite"
	"github.com/cofaas/cofaas/analyzer/services"
	"github.com/cofaas/cofaas/analyzer/usage"
)

// The types that other packages need are those of the analyzers.
type (
	// Service is a gRPC service as the Go package that declares it describes it.
	Service = services.Service
	// Method is one method of a Service.
	Method = services.Method
	// Message names the Go type of a request or a reply.
	Message = services.Message
	// Value is what is known of a string at generation time.
	Value = usage.Value
	// File is a file that changes, and how.
	File = rewrite.File
	// Edit replaces the bytes [Start, End) of a file.
	Edit = rewrite.Edit
)

// A Result says of each function what it serves, what it calls, and how its
// sources have to change. It is deterministic: slices are sorted, and two runs
// over the same sources give equal results.
type Result struct {
	Functions []*Function // by PkgPath
}

// A Function is one main package that serves gRPC.
type Function struct {
	PkgPath string
	Name    string            // last element of Dir
	Dir     string            // absolute folder of the main package
	Package *packages.Package `json:"-"`

	Exports []*Export // by service, then position
	Imports []*Import // by service, then position

	Rewritten []*Package // by PkgPath; holds at least the function itself
	Kept      []*Kept    // by PkgPath

	// Needs are what it does beside gRPC and can only do in a guest if the operator
	// of the host allows it or gives it, by position.
	Needs []*Need

	Decisions   []Decision   // by position
	Diagnostics []Diagnostic // by position; what stands in the way
}

// An Export is one place where a function registers a service.
type Export struct {
	Service *Service
	Pos     token.Position
	Server  token.Position // the grpc.NewServer call, if found; else invalid
	Listen  []Value        // addresses that the server is known to listen on
	Reason  string
}

// An Import is one place where a function makes a client for a service.
type Import struct {
	Service *Service
	Pos     token.Position
	Target  Value          // the dialled target
	Dial    token.Position // the dial, if found; else invalid
	Reason  string
}

// A Need is a call that wants something of the system: a connection, a look-up, a
// port, a file, an environment variable. Its code runs, as far as can be told.
type Need struct {
	Pos token.Position
	usage.Want
}

// A NeedKind says what a Need is about.
type NeedKind = usage.NeedKind

const (
	DialNeed   = usage.DialNeed
	LookupNeed = usage.LookupNeed
	ListenNeed = usage.ListenNeed
	ReadNeed   = usage.ReadNeed
	EnvNeed    = usage.EnvNeed
)

// A Package is one that gets a rewritten copy.
type Package struct {
	PkgPath string
	Dir     string
	Module  string // module path, "" outside of modules
	Files   []File // only files that change, by Name
	Reason  string // why it is rewritten
	// Copy is the import path of the rewritten package if the original is needed
	// too, for packages that keep the real gRPC; else "", and the rewritten package
	// takes the place of the original.
	Copy string

	Package *packages.Package `json:"-"`
}

// A Kept package imports grpc and stays as it is.
type Kept struct {
	PkgPath string
	Module  string
	Reason  string
}

// A Decision is one thing that was decided, and why.
type Decision struct {
	Pos      token.Position
	Category string // one of the Category constants
	Subject  string // what it is about: a service, a package, an address
	Reason   string // one sentence
}

// A Diagnostic is something that stands in the way of running a function as a
// guest.
type Diagnostic struct {
	Pos      token.Position
	Category string // one of the Category constants
	Message  string // subject: what to do
}

// String returns file:line:col: message.
func (d Diagnostic) String() string { return d.Pos.String() + ": " + d.Message }

// Informational reports whether nothing has to be done about d.
func (d Diagnostic) Informational() bool { return d.Severity() == Info }

// Severity says how much d matters, which follows from its category.
func (d Diagnostic) Severity() Severity { return category.Of(d.Category) }

// URL returns the page that explains the category of d.
func (d Diagnostic) URL() string { return category.URL(d.Category) }

// IsDecision reports whether name is the category of a Decision.
func IsDecision(name string) bool { return category.IsDecision(name) }

// A Severity says how much a diagnostic matters.
type Severity = category.Severity

const (
	Error   = category.Error   // the function cannot be generated, or does not do what it does natively
	Warning = category.Warning // it runs, and may behave differently
	Info    = category.Info    // nothing has to be done
)

func comparePositions(a, b token.Position) int {
	return cmp.Or(
		strings.Compare(a.Filename, b.Filename),
		cmp.Compare(a.Offset, b.Offset),
	)
}

// SortDiagnostics sorts ds by position and drops what is there twice.
func SortDiagnostics(ds []Diagnostic) []Diagnostic {
	slices.SortFunc(ds, func(a, b Diagnostic) int {
		return cmp.Or(comparePositions(a.Pos, b.Pos),
			strings.Compare(a.Category, b.Category), strings.Compare(a.Message, b.Message))
	})
	return slices.Compact(ds)
}

func sortDecisions(ds []Decision) []Decision {
	slices.SortFunc(ds, func(a, b Decision) int {
		return cmp.Or(comparePositions(a.Pos, b.Pos),
			strings.Compare(a.Category, b.Category), strings.Compare(a.Subject, b.Subject),
			strings.Compare(a.Reason, b.Reason))
	})
	return slices.Compact(ds)
}
