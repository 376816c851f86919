package analyzer

import "github.com/cofaas/cofaas/analyzer/internal/category"

// Categories of decisions and diagnostics. They are stable: tools may filter by
// them.
const (
	// Decisions.
	CategoryRewrite = category.Rewrite // a package or a listen is rewritten
	CategoryKeep    = category.Keep    // a package or a listen is left alone
	CategoryExport  = category.Export  // a service is registered
	CategoryImport  = category.Import  // a client is made
	CategoryDial    = category.Dial    // a connection is dialled
	CategoryNeed    = category.Need    // something that the operator of the host has to allow or give

	// What stands in the way.
	CategoryAnnotation     = category.Annotation     // a line for go generate that does nothing, or is in the wrong package
	CategoryLineFlag       = category.LineFlag       // something that the line of a function says is wrong
	CategoryNoService      = category.NoService      // a function that registers nothing
	CategoryNotBuildable   = category.NotBuildable   // a dependency does not compile for guests
	CategoryRefused        = category.Refused        // what guests do not have of gRPC; an error of Analyze
	CategoryUnknownService = category.UnknownService // a registration whose service could not be determined
	CategoryUnroutable     = category.Unroutable     // a call whose service could not be determined

	// What may behave differently in a guest.
	CategoryAmbiguousService    = category.AmbiguousService    // several functions export what is called, and the target does not tell; found by the plan
	CategoryBusyWait            = category.BusyWait            // a loop waits without letting others run
	CategoryCgo                 = category.Cgo                 // a package is built without its C code
	CategoryFileSystem          = category.FileSystem          // guests have no files
	CategoryFinalizer           = category.Finalizer           // requests cannot have finalizers
	CategoryListenerShared      = category.ListenerShared      // a listener serves gRPC and something else
	CategoryListenerUnsupported = category.ListenerUnsupported // gRPC on a listener that the host does not take over
	CategoryProcess             = category.Process             // guests cannot start or signal processes
	CategorySharedState         = category.SharedState         // each instance has its own of what handlers write
	CategoryUnroutableTarget    = category.UnroutableTarget    // several functions export what is called, and none is where the target leads; found by the plan
	CategoryUnsafePointer       = category.UnsafePointer       // an address in a message

	// What is good to know.
	CategoryGoroutine = category.Goroutine // each instance runs its own
	CategoryPlace     = category.Place     // a function is said to run natively, or elsewhere
	CategorySignal    = category.Signal    // guests get no signals
)
