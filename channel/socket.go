package channel

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"sync"
)

// maxFiles is how many files may go at once, and maxUnclaimed how many may have come that nobody has taken.
const (
	maxFiles     = 64
	maxUnclaimed = 256
)

// socket sends and receives frames, and files with them.
type socket struct {
	file *os.File
	// roomy is told, without blocking, when something was written.
	roomy chan struct{}

	mu sync.Mutex
	// segments are what is to be written. busy is set while someone does so.
	segments []segment
	size     int
	busy     bool
	closed   bool
	// written, nil if nobody waits for it, is closed when there is nothing left to write.
	written chan struct{}
	// spare is used for the next segment.
	spare []byte

	// oob is for the control messages that read gets, with room for more files than are sent at once.
	oob [2048]byte
}

// segment is bytes, of which some are written already, with files that go along with the first.
type segment struct {
	b, left []byte
	files   []*os.File
	// bell is set if it is a bell and nothing else.
	bell bool
}

func newSocket(f *os.File) *socket { return &socket{file: f, roomy: make(chan struct{}, 1)} }

// put adds a frame to what is to be written, if no more than most bytes are then to be written.
func (s *socket) put(h header, g *gather, files []*os.File, most int) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := headerSize + int(h.size)
	if s.closed || s.size+n > most {
		return false
	}
	last := len(s.segments) - 1
	if last < 0 || len(files) > 0 || (last == 0 && s.busy) || s.segments[last].bell {
		s.segments = append(s.segments, segment{b: s.spare[:0], files: files})
		s.spare = nil
		last++
	}
	seg := &s.segments[last]
	at := len(seg.b)
	if seg.b == nil {
		seg.b = make([]byte, 0, max(4<<10, n))
	}
	for cap(seg.b) < at+n {
		seg.b = append(seg.b[:cap(seg.b)], 0)
	}
	seg.b = seg.b[:at+n]
	h.put(seg.b[at:])
	g.take(seg.b[at+headerSize:])
	s.size += n
	return true
}

// bell adds a bell to what is to be written, unless that ends with one: a peer that does not read gets no more of them.
func (s *socket) bell() {
	s.mu.Lock()
	last := len(s.segments) - 1
	if !s.closed && (last < 0 || !s.segments[last].bell || (last == 0 && s.busy)) {
		b := make([]byte, headerSize)
		header{kind: kindBell}.put(b)
		s.segments = append(s.segments, segment{b: b, bell: true})
		s.size += len(b)
	}
	s.mu.Unlock()
	s.flush()
}

// flush writes what was put, as far as that is possible at once; a goroutine does the rest.
func (s *socket) flush() {
	s.mu.Lock()
	if s.busy || len(s.segments) == 0 {
		s.mu.Unlock()
		return
	}
	s.busy = true
	s.mu.Unlock()
	if !s.drain(false) {
		go s.drain(true)
	}
}

// drain writes until there is nothing left, or until it would have to wait, which it does if block is set. It returns whether it is done.
func (s *socket) drain(block bool) bool {
	for {
		s.mu.Lock()
		if len(s.segments) == 0 || s.closed {
			if s.closed {
				s.discard()
			}
			s.busy = false
			s.mu.Unlock()
			return true
		}
		seg := &s.segments[0]
		if seg.left == nil {
			seg.left = seg.b
		}
		left, files := seg.left, seg.files
		s.mu.Unlock()
		n, err := s.write(left, files, block)
		s.mu.Lock()
		if err != nil {
			// The one who reads learns that the peer is gone.
			s.discard()
			s.busy = false
			s.mu.Unlock()
			return true
		}
		if n > 0 {
			seg = &s.segments[0]
			seg.left = seg.left[n:]
			seg.files = nil
			s.size -= n
			if len(seg.left) == 0 {
				s.spare = seg.b
				if cap(s.spare) > 4*maxFrame {
					s.spare = nil
				}
				s.segments[0] = segment{}
				if s.segments = s.segments[1:]; len(s.segments) == 0 {
					s.segments = nil
					s.settled()
				}
			}
		}
		s.mu.Unlock()
		if n > 0 {
			closeAll(files)
			select {
			case s.roomy <- struct{}{}:
			default:
			}
		} else if !block {
			return false
		}
	}
}

// discard forgets what is to be written. The socket is locked.
func (s *socket) discard() {
	for _, seg := range s.segments {
		closeAll(seg.files)
	}
	s.segments, s.size, s.closed = nil, 0, true
	s.settled()
}

// settled tells those who wait that nothing is left to write. The socket is locked.
func (s *socket) settled() {
	if s.written != nil {
		close(s.written)
		s.written = nil
	}
}

// settle waits until all that was put before was written, or never will be.
func (s *socket) settle(ctx context.Context) error {
	s.mu.Lock()
	if len(s.segments) == 0 {
		s.mu.Unlock()
		return nil
	}
	if s.written == nil {
		s.written = make(chan struct{})
	}
	written := s.written
	s.mu.Unlock()
	select {
	case <-written:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func closeAll(files []*os.File) {
	for _, f := range files {
		f.Close()
	}
}

func (s *socket) close() error {
	s.mu.Lock()
	if !s.busy {
		s.discard()
	}
	s.closed = true
	s.mu.Unlock()
	return s.file.Close()
}

// sendFiles sends a frame with files.
func (s *socket) sendFiles(tag []byte, files []*os.File) error {
	copies := make([]*os.File, 0, len(files))
	for _, f := range files {
		d, err := duplicate(f)
		if err != nil {
			closeAll(copies)
			return err
		}
		copies = append(copies, d)
	}
	count := binary.LittleEndian.AppendUint32(nil, uint32(len(files)))
	n := len(count) + len(tag)
	h := header{kind: kindFiles, size: uint32(n), total: uint32(n)}
	if !s.put(h, &gather{parts: [5][]byte{count, tag}}, copies, 1<<30) {
		closeAll(copies)
		return ErrClosed
	}
	s.flush()
	return nil
}

// receiveAll has frames received until there is an error, which is io.EOF if the peer has closed its end. Files are given to files, which
// owns them. Contents are valid while receive runs. batch is called when there is no more to receive for now.
func (s *socket) receiveAll(receive func(h header, b []byte) error, batch func() error, files func(tag []byte, files []*os.File)) error {
	buf := make([]byte, 4*maxFrame)
	var unclaimed []*os.File
	defer func() { closeAll(unclaimed) }()
	have := 0
	for {
		n, came, err := s.read(buf[have:])
		unclaimed = append(unclaimed, came...)
		if err != nil {
			return err
		}
		if n == 0 {
			return io.EOF
		}
		if len(unclaimed) > maxUnclaimed {
			return violation("%d files that belong to nothing", len(unclaimed))
		}
		have += n
		at := 0
		for have-at >= headerSize {
			h, err := parseHeader(buf[at:have])
			if err != nil {
				return err
			}
			end := at + headerSize + int(h.size)
			if end > have {
				break
			}
			b := buf[at+headerSize : end : end]
			at = end
			if h.kind != kindFiles {
				if err := receive(h, b); err != nil {
					return err
				}
				continue
			}
			if len(b) < 4 || h.size != h.total || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(unclaimed)) {
				return violation("a frame of files without them")
			}
			n := binary.LittleEndian.Uint32(b)
			files(append([]byte(nil), b[4:]...), unclaimed[:n:n])
			unclaimed = unclaimed[n:]
		}
		have = copy(buf, buf[at:have])
		if err := batch(); err != nil {
			return err
		}
	}
}
