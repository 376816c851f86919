package channel

import (
	"errors"
	"fmt"
	"os"
)

// Kind says by what the two ends of a channel are joined.
type Kind int

const (
	// Memory is shared memory, with a socket that says when the other end is gone.
	Memory Kind = iota
	// Socket is a pair of sockets, for systems without the former.
	Socket
)

func (k Kind) String() string {
	switch k {
	case Memory:
		return "memory"
	case Socket:
		return "socket"
	}
	return fmt.Sprintf("Kind(%d)", int(k))
}

// Best is the quickest kind that the system has.
func Best() Kind {
	if hasMemory() {
		return Memory
	}
	return Socket
}

// Link is an end of a channel that nobody uses yet.
type Link struct {
	socket *socket
	// memory is nil for a channel of kind Socket.
	memory *memory
}

// Create makes a channel. It returns an end, and the files of the other end, which are for another process: it gets them when it starts
// or by [Conn.SendFiles], and opens them in the same order. Whoever has passed the files on closes them. Both ends of a channel may also
// be in one process.
func Create(kind Kind) (link *Link, peer []*os.File, err error) {
	own, peer, err := CreatePair(kind)
	if err != nil {
		return nil, nil, err
	}
	if link, err = Open(own); err != nil {
		closeAll(peer)
		return nil, nil, err
	}
	return link, peer, nil
}

// CreatePair makes a channel whose ends are both for other processes, which open them.
func CreatePair(kind Kind) (a, b []*os.File, err error) {
	switch kind {
	case Memory, Socket:
	default:
		return nil, nil, fmt.Errorf("channel: no kind %d: there are Memory and Socket", kind)
	}
	x, y, err := socketPair()
	if err != nil {
		return nil, nil, err
	}
	a, b = []*os.File{x}, []*os.File{y}
	if kind == Socket {
		return a, b, nil
	}
	m, n, err := createMemory()
	if err != nil {
		closeAll(append(a, b...))
		return nil, nil, err
	}
	return append(a, m), append(b, n), nil
}

// Open opens the end whose files this process was given, and owns them from then on.
func Open(files []*os.File) (link *Link, err error) {
	defer func() {
		for _, f := range files {
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			link.Close()
			link = nil
		}
	}()
	if len(files) != 1 && len(files) != 2 {
		return nil, fmt.Errorf("channel: %d files: an end of kind socket has one, and of kind memory two", len(files))
	}
	s, err := openSocket(files[0])
	if err != nil {
		return nil, err
	}
	link = &Link{socket: s}
	if len(files) == 2 {
		link.memory, err = openMemory(files[1])
	}
	return link, err
}

// Close closes a link that no Conn was made of.
func (l *Link) Close() error {
	if l == nil {
		return nil
	}
	l.memory.unmap()
	return l.socket.close()
}

func (l *Link) pipe(c *Conn) pipe {
	if l.memory != nil {
		return newMemoryPipe(c, l.socket, l.memory)
	}
	return newSocketPipe(c, l.socket)
}
