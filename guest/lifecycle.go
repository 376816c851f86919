package guest

import "os"

// The life of a function: the host calls init-component, which runs main in a goroutine of its own and returns when nothing can run
// any more: most often because the function serves. From then on the guest runs whenever the host calls an export.

var life struct {
	main    func()
	isReady bool
}

// SetMain names the function's main. The generated file in the staged main package calls it.
func SetMain(main func()) { life.main = main }

// Ready tells the host that the function serves on an address, given as to net.Listen. The first call ends
// init-component; further servers of the same main only report their address.
func Ready(network, addr string) {
	hostReady(network, addr)
	if !life.isReady {
		life.isReady = true
		replenish(reserve, smallChunk)
	}
}

// SetServingStatus mirrors the status that a health server gives a service to the host's front. status is a number of
// grpc.health.v1.HealthCheckResponse.ServingStatus.
func SetServingStatus(service string, status int32) { hostSetServingStatus(service, status) }

// start runs main. A process ends when main returns, and so does a guest; before main has served that is an error.
func start() {
	if life.main == nil {
		panic("guest: main is not set: the guest was built without its generated file")
	}
	go func() {
		life.main()
		if life.isReady {
			os.Exit(0)
		}
		control.over = 1
	}()
}
