// Package category names what decisions and diagnostics are about.
package category

const (
	Rewrite = "rewrite"
	Keep    = "keep"
	Export  = "export"
	Import  = "import"
	Dial    = "dial"

	NoService           = "no-service"
	UnknownService      = "service-unknown"
	ListenerShared      = "listener-shared"
	ListenerUnsupported = "listener-unsupported"
	Unroutable          = "unroutable"
	Refused             = "api-refused"
)
