package host

import (
	"cmp"
	"log/slog"
	"runtime"
	"time"

	"github.com/cofaas/cofaas/host/internal/sockets"
)

// Options are what the operator of a host decides. The zero value is usable.
type Options struct {
	// CacheDir keeps compiled guests; empty means that every start compiles.
	CacheDir string
	// Env has the environment of functions as "KEY=value", by function name; nothing is inherited.
	Env map[string][]string
	// Args has the command-line arguments of functions, by function name. Argument zero is the function's name, and not among them.
	Args map[string][]string
	// MaxInstances bounds the instances of each function; calls that wait share one. Guests that cannot give their thread away while they
	// wait may get more. 0 means four per processor.
	MaxInstances int
	// MaxInstancesOf has the bound of functions, by name, that have one of their own.
	MaxInstancesOf map[string]int
	// MaxMemory bounds the memory of an instance in bytes. 0 means 512 MiB.
	MaxMemory uint64
	// MaxMessage bounds a message in a guest's memory in bytes. 0 means 64 MiB.
	MaxMessage uint64
	// Overrun bounds how long a guest may go on after its call has been cancelled or its deadline has passed; its instance is
	// ended then. 0 means 5 s.
	Overrun time.Duration
	// Remote says which calls leave the host although the app could answer them.
	Remote []RemoteCalls
	// Routes tell several exporters of a service apart where names and addresses do not. The first that applies counts.
	Routes []TargetRoute
	// CAFiles has the certificates, in PEM, of files that functions name in credentials of calls that leave the host.
	CAFiles map[string][]byte
	// Logger gets the host's messages and, line by line, what guests write. nil means slog.Default().
	Logger *slog.Logger

	policy sockets.Policy
}

// maxInstances is the bound of a function's instances.
func (o Options) maxInstances(function string) int {
	return cmp.Or(o.MaxInstancesOf[function], o.MaxInstances)
}

func (o Options) withDefaults() Options {
	if o.MaxInstances == 0 {
		o.MaxInstances = 4 * runtime.GOMAXPROCS(0)
	}
	if o.MaxMemory == 0 {
		o.MaxMemory = 512 << 20
	}
	if o.MaxMessage == 0 {
		o.MaxMessage = 64 << 20
	}
	if o.Overrun <= 0 {
		o.Overrun = 5 * time.Second
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}
