package grpc

// Version is the version of grpc-go whose interface this package follows.
const Version = "1.85.0"

// Generated code refers to the constant of the plugin that generated it, so that a mismatch fails to compile.
const (
	SupportPackageIsVersion3 = true
	SupportPackageIsVersion4 = true
	SupportPackageIsVersion5 = true
	SupportPackageIsVersion6 = true
	SupportPackageIsVersion7 = true
	SupportPackageIsVersion8 = true
	SupportPackageIsVersion9 = true
)
