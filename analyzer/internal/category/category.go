// Package category names what decisions and diagnostics are about.
package category

const (
	Rewrite = "rewrite"
	Keep    = "keep"
	Export  = "export"
	Import  = "import"

	NoService       = "no-service"
	UnknownService  = "service-unknown"
	ListenerShared  = "listener-shared"
	ListenerUnknown = "listener-unknown"
	Unroutable      = "unroutable"
	Refused         = "api-refused"
)
