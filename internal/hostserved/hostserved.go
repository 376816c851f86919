// Package hostserved knows the services that functions register and guests do not serve, because real grpc-go in the host stands for
// them. Both the plan and the host go by it.
package hostserved

// services says of each whether hosts answer its calls. What channelz tells natively is about connections, of which a guest has none; it
// may be registered, and calls get Unimplemented.
var services = map[string]bool{
	"grpc.health.v1.Health":                    true,
	"grpc.reflection.v1.ServerReflection":      true,
	"grpc.reflection.v1alpha.ServerReflection": true,
	"grpc.channelz.v1.Channelz":                false,
}

// IsKept says whether guests keep away from a service that their functions register.
func IsKept(service string) bool {
	_, ok := services[service]
	return ok
}

// IsAnswered says whether hosts answer calls to a service.
func IsAnswered(service string) bool { return services[service] }
