package sandbox

// Network is what the isolates of a function may reach.
type Network struct{}
