package guest

// The life of a function: the host calls init-component, which runs main in a goroutine of its own and returns when the
// function serves. From then on the guest runs whenever the host calls an export.

var life = struct {
	main     func()
	serving  chan struct{}
	returned chan struct{}
	isReady  bool
}{serving: make(chan struct{}), returned: make(chan struct{})}

// SetMain names the function's main. The generated file in the staged main package calls it.
func SetMain(main func()) { life.main = main }

// Ready tells the host that the function serves on an address, given as to net.Listen. The first call ends
// init-component; further servers of the same main only report their address.
func Ready(network, addr string) {
	hostReady(network, addr)
	if !life.isReady {
		life.isReady = true
		close(life.serving)
	}
}

// SetServingStatus mirrors the status that a health server gives a service to the host's front. status is a number of
// grpc.health.v1.HealthCheckResponse.ServingStatus.
func SetServingStatus(service string, status int32) { hostSetServingStatus(service, status) }

// start runs main and waits until the function serves. It returns false if main returned before.
func start() bool {
	if life.main == nil {
		panic("guest: main is not set: the guest was built without its generated file")
	}
	go func() {
		life.main()
		close(life.returned)
	}()
	select {
	case <-life.serving:
		replenish(reserve, smallChunk)
		return true
	case <-life.returned:
		return false
	}
}
