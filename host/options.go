package host

import (
	"cmp"
	"log/slog"
	"runtime"
	"time"

	"github.com/cofaas/cofaas/isolate/protocol"
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
	// Allow has what functions may connect to and look up, by function name, in addition to what they state themselves; what is under the
	// empty name is for all functions. The text is that of the flag -allow: entries such as cache:6379, with commas between them.
	Allow map[string][]string
	// Listen has where the host serves what functions listen on, in the same way. The text is that of -listen: 9090=:19090.
	Listen map[string][]string
	// Mounts has the files that functions can read, by function name, beside time zones and, for functions that may connect to anything,
	// certificates and the settings of resolvers.
	Mounts map[string][]Mount
	// NetAudit lets functions connect to everything, and records it.
	NetAudit bool
	// MaxDescriptors bounds the sockets and look-ups of each function at a time. 0 means 1024.
	MaxDescriptors int
	// MaxDescriptorsOf has the bound of functions, by name, that have one of their own.
	MaxDescriptorsOf map[string]int
	// Profile counts and times calls, for [Host.WriteProfile], which costs them a few percent of their time.
	Profile bool
	// Places says where functions run, by function name: "wasm", "native" or "remote". By default it is the first place that a function was
	// built for.
	Places map[string]string
	// Processes is how many processes a function that is native has, 0 meaning one, and ProcessesOf the same of functions, by name, that have
	// a number of their own.
	Processes   int
	ProcessesOf map[string]int
	// StartTimeout bounds how long a process may take until it serves. 0 means a minute.
	StartTimeout time.Duration
	// Waiting is how processes and the host wait for each other: "adaptive", which is the default, looks for a while before it sleeps, and
	// "sleeping" does not.
	Waiting string
	// Channel is how processes are joined to the host: by shared "memory" or by a "socket". The default is the quickest that the system has.
	Channel string
	// Strict refuses to run processes without all protections that there could be.
	Strict bool
	// restart is how long processes that end pause before they are replaced.
	restart restartPauses
	// throughHost says that isolates have no channels to each other.
	throughHost bool
	// Logger gets the host's messages and, line by line, what guests write. nil means slog.Default().
	Logger *slog.Logger
}

// maxInstances is the bound of a function's instances.
func (o Options) maxInstances(function string) int {
	return cmp.Or(o.MaxInstancesOf[function], o.MaxInstances)
}

// processes is how many processes a function is to have.
func (o *Options) processes(function string) int {
	return cmp.Or(o.ProcessesOf[function], o.Processes, 1)
}

// maxDescriptors is the bound of a function's descriptors.
func (o Options) maxDescriptors(function string) int {
	return cmp.Or(o.MaxDescriptorsOf[function], o.MaxDescriptors)
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
	if o.StartTimeout <= 0 {
		o.StartTimeout = time.Minute
	}
	if o.restart == (restartPauses{}) {
		o.restart = defaultPauses
	}
	o.Waiting, o.Channel = cmp.Or(o.Waiting, protocol.Adaptive), cmp.Or(o.Channel, bestChannel())
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	return o
}
