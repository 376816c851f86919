package filter

// Config is what filters depend on.
type Config struct {
	// Pid is the process's number as it sees it itself: it may send signals to no other.
	Pid int
	// Program is the descriptor of the executable, the only one that may be executed.
	Program int
	// Notify has the host asked about what names addresses of the network. Else there is none to be had.
	Notify bool
	// Names has the host asked about which addresses sockets have.
	Names bool
}
