// Package category names what decisions and diagnostics are about, and says how much each matters.
//
// Names are stable, since tools filter by them, and each has a page in docs/diagnostics.
package category

import "slices"

// What was decided.
const (
	Rewrite = "rewrite"
	Keep    = "keep"
	Export  = "export"
	Import  = "import"
	Dial    = "dial"
	Need    = "need" // what the operator of the host has to allow or give
)

// What stands in the way.
const (
	Annotation     = "annotation"
	LineFlag       = "line-flag" // what the line of a function says is wrong
	NoService      = "no-service"
	NotBuildable   = "not-buildable"
	Refused        = "api-refused"
	UnknownService = "service-unknown"
	Unroutable     = "unroutable"
)

// What may behave differently in a guest.
const (
	// AmbiguousService and UnroutableTarget are about calls of a service that several functions export.
	AmbiguousService    = "ambiguous-service"
	BusyWait            = "busy-wait"
	Cgo                 = "cgo"
	FileSystem          = "file-system"
	Finalizer           = "finalizer"
	ListenerShared      = "listener-shared"
	ListenerUnsupported = "listener-unsupported"
	Process             = "process"
	SharedState         = "shared-state"
	UnsafePointer       = "unsafe-pointer"
	UnroutableTarget    = "unroutable-target"
)

// What is good to know.
const (
	Goroutine = "goroutine"
	Place     = "place" // where a function runs, if not as a guest
	Signal    = "signal"
)

// A Severity says how much a diagnostic matters.
type Severity int

const (
	Error   Severity = iota // the function cannot be generated, or does not do what it does natively
	Warning                 // it runs, and may behave differently
	Info                    // nothing has to be done
)

func (s Severity) String() string {
	switch s {
	case Warning:
		return "warning"
	case Info:
		return "info"
	}
	return "error"
}

var severities = map[string]Severity{
	Dial: Info, Need: Info, Rewrite: Info, Keep: Info, Export: Info, Import: Info,

	Annotation: Error, LineFlag: Error, NoService: Error,
	NotBuildable: Error, Refused: Error, UnknownService: Error, Unroutable: Error,

	AmbiguousService: Warning, BusyWait: Warning, Cgo: Warning, FileSystem: Warning, Finalizer: Warning, ListenerShared: Warning, ListenerUnsupported: Warning, Process: Warning, SharedState: Warning,
	UnsafePointer: Warning, UnroutableTarget: Warning,

	Goroutine: Info, Place: Info, Signal: Info,
}

// Of returns the severity of a category. One that is not known is an error.
func Of(name string) Severity { return severities[name] }

// IsDecision reports whether a category is about what was decided.
func IsDecision(name string) bool {
	switch name {
	case Dial, Need, Rewrite, Keep, Export, Import:
		return true
	}
	return false
}

// All returns the names of all categories, sorted.
func All() []string {
	names := make([]string, 0, len(severities))
	for name := range severities {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// docs is the folder of the pages, as a browser shows it.
const docs = "https://github.com/cofaas/cofaas/blob/main/docs/diagnostics/"

// Index is the page that lists all categories.
const Index = docs + "README.md"

// URL returns the page of a category.
func URL(name string) string { return docs + name + ".md" }
