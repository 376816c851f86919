package channel

import (
	"fmt"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"
)

// The layout of the memory, in bytes. It is described in docs/channel.md.
const (
	ringSize = 1 << 20

	magic       = 0x31306863_73616f63 // "coasch01"
	offMagic    = 0
	offVersion  = 8
	offRingSize = 12
	offClaims   = 16
	offRings    = 1024
	ringWords   = 1024
	offData     = 4096
	memorySize  = offData + 2*ringSize

	// Within the words of a ring.
	offTail  = 0
	offHead  = 64
	offWait  = 128
	offLent  = 132
	offWant  = 192
	offRoom  = 196
	offBells = 256
	bellStep = 64
	bells    = 8
)

// memory is the memory of a channel, as one end has it mapped.
type memory struct {
	b       []byte
	in, out ring
}

// ring is a ring of bytes in which frames go one way. What is in the memory may be changed by the peer at any time; only pos and seen are
// relied upon.
type ring struct {
	data []byte
	// tail is where the writer is, and head where the reader is, in bytes since the beginning.
	tail, head *atomic.Uint64
	// wait says what the writer does to have the reader look: nothing, ring a bell, or send a frame on the socket.
	wait  *atomic.Uint32
	bells [bells]*atomic.Uint32
	// lent is the stream to whose receiver the ring is lent, if wait says that it is.
	lent *atomic.Uint32
	// want is set by a writer that waits, on room, for the reader to make some.
	want, room *atomic.Uint32

	// pos is where this end is, and seen where the other one was when this one looked last.
	pos, seen uint64
}

const (
	// Values of wait.
	awake = 0
	// firstBell and the next ones are bells.
	firstBell = 1
	bySocket  = 255
	// isLent is added if messages of a stream need nobody to look, and lentAnswers if they are its server's.
	isLent      = 1 << 8
	lentAnswers = 1 << 9
	// howToWake is the rest.
	howToWake = isLent - 1
)

func (m *memory) word32(off int) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&m.b[off])) }
func (m *memory) word64(off int) *atomic.Uint64 { return (*atomic.Uint64)(unsafe.Pointer(&m.b[off])) }

func (m *memory) ring(i int) ring {
	words, data := offRings+i*ringWords, offData+i*ringSize
	r := ring{
		data: m.b[data : data+ringSize : data+ringSize],
		tail: m.word64(words + offTail),
		head: m.word64(words + offHead),
		wait: m.word32(words + offWait),
		lent: m.word32(words + offLent),
		want: m.word32(words + offWant),
		room: m.word32(words + offRoom),
	}
	for k := range r.bells {
		r.bells[k] = m.word32(words + offBells + k*bellStep)
	}
	return r
}

// memfdCreate is the number of the system call, which package syscall does not have.
var memfdCreate = map[string]uintptr{
	"386": 356, "amd64": 319, "arm": 385, "arm64": 279, "loong64": 279, "mips": 4354, "mipsle": 4354, "mips64": 5314, "mips64le": 5314,
	"ppc64": 360, "ppc64le": 360, "riscv64": 279, "s390x": 350,
}[runtime.GOARCH]

const (
	memfdCloexec, memfdSealing, memfdNoExec   = 1, 2, 8
	fcntlAddSeals, fcntlGetSeals              = 1033, 1034
	sealSeal, sealShrink, sealGrow, sealWrite = 1, 2, 4, 8
	seals                                     = sealSeal | sealShrink | sealGrow
)

var hasMemory = sync.OnceValue(func() bool {
	a, b, err := createMemory()
	if err != nil {
		return false
	}
	closeAll([]*os.File{a, b})
	return true
})

// createMemory makes the memory of a channel, with a file for each end.
func createMemory() (a, b *os.File, err error) {
	fail := func(err error) (*os.File, *os.File, error) {
		return nil, nil, fmt.Errorf("channel: no shared memory from this system, use kind Socket: %w", err)
	}
	if memfdCreate == 0 {
		return fail(syscall.ENOSYS)
	}
	name := [...]byte{'c', 'o', 'f', 'a', 'a', 's', 0}
	flags := uintptr(memfdCloexec | memfdSealing | memfdNoExec)
	fd, _, errno := syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(&name)), flags, 0)
	if errno == syscall.EINVAL {
		// A kernel older than 6.3.
		fd, _, errno = syscall.Syscall(memfdCreate, uintptr(unsafe.Pointer(&name)), flags&^memfdNoExec, 0)
	}
	if errno != 0 {
		return fail(errno)
	}
	a = os.NewFile(fd, "channel's memory")
	if err := initMemory(int(fd)); err != nil {
		a.Close()
		return fail(err)
	}
	if b, err = duplicate(a); err != nil {
		a.Close()
		return fail(err)
	}
	return a, b, nil
}

func initMemory(fd int) error {
	if err := syscall.Ftruncate(fd, memorySize); err != nil {
		return err
	}
	m, err := mapMemory(fd)
	if err != nil {
		return err
	}
	defer m.unmap()
	m.word64(offMagic).Store(magic)
	m.word32(offVersion).Store(version)
	m.word32(offRingSize).Store(ringSize)
	for i := range 2 {
		r := m.ring(i)
		r.wait.Store(bySocket)
	}
	// A peer that made the file smaller would have this process die of a signal.
	_, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), fcntlAddSeals, seals)
	if errno != 0 {
		return errno
	}
	return nil
}

func mapMemory(fd int) (*memory, error) {
	b, err := syscall.Mmap(fd, 0, memorySize, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return &memory{b: b}, nil
}

// openMemory maps the memory of a channel.
func openMemory(f *os.File) (m *memory, err error) {
	err = control(f, func(fd int) error {
		var stat syscall.Stat_t
		if err := syscall.Fstat(fd, &stat); err != nil {
			return err
		}
		have, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), fcntlGetSeals, 0)
		if errno != 0 || have&(sealShrink|sealGrow|sealWrite) != sealShrink|sealGrow || stat.Size != memorySize {
			return fmt.Errorf("it has %d bytes and seals %#x, not %d and %#x", stat.Size, have, memorySize, seals)
		}
		if m, err = mapMemory(fd); err != nil {
			return err
		}
		v, size := m.word32(offVersion).Load(), m.word32(offRingSize).Load()
		if m.word64(offMagic).Load() != magic || v != version || size != ringSize {
			return fmt.Errorf("it is of version %d with rings of %d bytes, not %d and %d", v, size, version, ringSize)
		}
		own := m.word32(offClaims).Add(1) - 1
		if own > 1 {
			return fmt.Errorf("both ends of it are in use")
		}
		m.in, m.out = m.ring(int(1-own)), m.ring(int(own))
		return nil
	})
	if err != nil {
		m.unmap()
		return nil, fmt.Errorf("channel: file %s is not the memory of a channel: %w", f.Name(), err)
	}
	return m, nil
}

// unmap gives the memory back, which nobody uses any more.
func (m *memory) unmap() {
	if m != nil && m.b != nil {
		syscall.Munmap(m.b)
		m.b = nil
	}
}
