// Package protocol has what a host and the native isolates of its functions say to each other beside the calls of the application:
// methods by which an isolate speaks of itself, what goes along with channels between isolates, and what the flags of a call mean. Both ends
// link it, and nothing happens because they do.
//
// The two ends of an app are built at one time. [Version] is compared all the same, since a program may be left from a build before.
package protocol

// Version is that of this package's words.
const Version = 2

// Variable is the environment variable by which a host says that a program is an isolate: the kind of the channel between them, whose files
// are the descriptors from [FirstFile] on.
const Variable = "COFAAS_CHANNEL"

// FirstFile is the first descriptor of the channel.
const FirstFile = 3

// The kinds of channels, and how many files an end of each has.
const (
	Memory      = "memory"
	MemoryFiles = 2
	Socket      = "socket"
	SocketFiles = 1
)

// The ways in which the ends of channels wait for each other.
const (
	Adaptive = "adaptive"
	Sleeping = "sleeping"
)

// Prefix begins the methods by which an isolate talks to its host of itself.
const Prefix = "/cofaas.runtime/"

// Those methods. Requests and replies are in JSON if nothing else is said.
const (
	// MethodHello is the first call that an isolate makes: of a [Hello], to which the reply is a [Welcome].
	MethodHello = Prefix + "hello"
	// MethodReady has a [Ready] as its request, and no reply.
	MethodReady = Prefix + "ready"
	// MethodServingStatus has a [ServingStatus] as its request, and no reply.
	MethodServingStatus = Prefix + "serving-status"
	// MethodRoute asks who is to be called for the service in the call's Options, over the connection that pairs of strings describe, as
	// those of metadata. The reply is a number of 4 bytes in little-endian order.
	MethodRoute = Prefix + "route"
	// MethodUnroute gives such a number back.
	MethodUnroute = Prefix + "unroute"
)

// MethodTranscode is a call that a host makes: of a [Transcoding], to which the reply is a [Transcoded].
const MethodTranscode = Prefix + "transcode"

// Hello is what an isolate says of itself.
type Hello struct {
	Version int `json:"version"`
	PID     int `json:"pid"`
}

// Welcome is what a host tells an isolate.
type Welcome struct {
	Version int `json:"version"`
	// Function is the name of the function.
	Function string `json:"function"`
	// Exports are the methods for which the app has the function: "/package.Service/Method".
	Exports []string `json:"exports"`
	// Imports are all methods of the services that the function calls, by such names.
	Imports map[string]Import `json:"imports"`
	// MaxMessage bounds messages in bytes, 0 for the default of package channel.
	MaxMessage int `json:"max_message"`
	// Waiting is [Adaptive] or [Sleeping].
	Waiting string `json:"waiting"`
}

// Import says of what kind a method is.
type Import struct {
	ClientStreams bool `json:"client_streams"`
	ServerStreams bool `json:"server_streams"`
}

// Ready says that the function serves on an address, as it was given to net.Listen.
type Ready struct {
	Network string `json:"network"`
	Address string `json:"address"`
}

// ServingStatus is what a health server of the function says of a service. Status is a number of
// grpc.health.v1.HealthCheckResponse.ServingStatus.
type ServingStatus struct {
	Service string `json:"service"`
	Status  int32  `json:"status"`
}

// Peer is the tag, in JSON, of the files that a host sends to an isolate: an end of a channel to another isolate.
type Peer struct {
	// Peer is the name of the other function.
	Peer string `json:"peer"`
	// Role is [RoleCall] or [RoleServe].
	Role string `json:"role"`
	// Services are those that are called over the channel.
	Services []string `json:"services"`
	// Kind is [Memory] or [Socket].
	Kind string `json:"kind"`
}

// What an isolate does with a channel to another.
const (
	// RoleCall is for calls of services that have no route.
	RoleCall = "call"
	// RoleServe is to serve the calls of some services. The other isolate may do no more than that.
	RoleServe = "serve"
)

// The flags of a call, whatever it travels on.
const (
	// WantsHeaders says that the caller wants to see header and trailer of a reply.
	WantsHeaders uint32 = 1 << iota
	// WaitsForReady says that the call waits for a server that serves the method.
	WaitsForReady
)

// DepthShift is where the depth of a call begins in its flags: in the middle of how many others it is made, each by the function that serves
// the one before. A call from outside has depth 0.
const DepthShift = 16

// MaxDepth is how deep calls nest: far deeper than any real application, and little enough for functions that call each other without end
// to meet it before memory does.
const MaxDepth = 64
