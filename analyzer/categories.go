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

	// What stands in the way.
	CategoryNoService           = category.NoService           // a function that registers nothing
	CategoryUnknownService      = category.UnknownService      // a registration whose service could not be determined
	CategoryListenerShared      = category.ListenerShared      // a listener that serves gRPC and something else
	CategoryListenerUnsupported = category.ListenerUnsupported // gRPC on a listener that guests do not have
	CategoryUnroutable          = category.Unroutable          // a call whose service could not be determined
	CategoryRefused             = category.Refused             // what guests do not have of gRPC; an error of Analyze
)
