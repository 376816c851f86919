package channel

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// mapping maps the memory of a channel once more, as a hostile peer has it.
func mapping(t testing.TB, f *os.File) *memory {
	t.Helper()
	var m *memory
	err := control(f, func(fd int) (err error) {
		m, err = mapMemory(fd)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(m.unmap)
	return m
}

// shared makes a channel of kind Memory whose ends are both here, with a third mapping of its memory.
func shared(t testing.TB, a, b Config) (*Conn, *Conn, *memory) {
	t.Helper()
	link, files, err := Create(Memory)
	if err != nil {
		t.Fatal(err)
	}
	m := mapping(t, files[1])
	other, err := Open(files)
	if err != nil {
		t.Fatal(err)
	}
	x, y := New(link, a), New(other, b)
	t.Cleanup(func() {
		x.Close()
		y.Close()
	})
	return x, y, m
}

// byHand makes an end of a channel of kind Memory whose peer is the test: it has said hello, and writes what else it likes to the ring.
func byHand(t *testing.T) (*Conn, *ring) {
	t.Helper()
	link, files, err := Create(Memory)
	if err != nil {
		t.Fatal(err)
	}
	r := mapping(t, files[1]).ring(1)
	c := New(link, Config{})
	t.Cleanup(func() {
		c.Close()
		closeAll(files)
	})
	l := (&Config{}).limits()
	r.put(header{kind: kindHello, size: helloSize, total: helloSize}, &gather{parts: [5][]byte{l.hello()}})
	c.summon()
	return c, &r
}

// traffic makes calls and streams in both directions until ctx ends, which return whatever becomes of them.
func traffic(ctx context.Context, g *sync.WaitGroup, conns ...*Conn) {
	for _, c := range conns {
		for i := range 4 {
			g.Go(func() {
				for ctx.Err() == nil {
					r, err := c.Invoke(ctx, nil, &Header{Method: "/p.S/M", Metadata: pattern(i)}, pattern(i*i*1000))
					if err != nil {
						return
					}
					r.Free()
				}
			})
		}
		g.Go(func() {
			s, err := c.OpenStream(&Header{Method: "/p.S/M"})
			if err != nil {
				return
			}
			defer s.Close()
			for i := 0; s.Send(ctx, pattern(i%5000)) == nil; i++ {
				if _, err := s.Recv(ctx); err != nil {
					return
				}
			}
		})
	}
}

// FuzzMemory has a peer write anything anywhere into the memory while calls run, which may do what it likes to these calls.
func FuzzMemory(f *testing.F) {
	f.Add([]byte{}, uint64(1))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0}, uint64(2))
	f.Add([]byte{255, 255, 255, 255, 255, 255, 255, 255}, uint64(3))
	for _, b := range violations {
		f.Add(b[:min(len(b), 200)], uint64(len(b)))
	}
	f.Fuzz(func(t *testing.T, b []byte, seed uint64) {
		a, c, m := shared(t, Config{Serve: echo, MaxMessage: 1 << 20}, Config{Serve: echo, MaxMessage: 1 << 20})
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var g sync.WaitGroup
		traffic(ctx, &g, a, c)
		random := rand.New(rand.NewPCG(seed, 1))
		for i := range 200 {
			at := random.IntN(2)*ringWords + offRings + random.IntN(16)*64
			switch {
			case i%4 == 0:
				at = random.IntN(memorySize)
			case i%4 == 1:
				// Where frames are likely to be.
				at = offData + random.IntN(2)*ringSize + int(m.word64(offRings).Load()%ringSize)&^15
			}
			if len(b) > 0 {
				copy(m.b[min(at, memorySize):], b[random.IntN(len(b)):])
			} else {
				m.word32(at &^ 3).Store(uint32(random.Uint64()))
			}
			runtime.Gosched()
		}
		a.Close()
		c.Close()
		cancel()
		g.Wait()
		waitFor(t, func() bool { return a.pipe.(*memoryPipe).users.Load() == 0 && c.pipe.(*memoryPipe).users.Load() == 0 })
	})
}

// TestIndices has a peer claim what cannot be of where it is.
func TestIndices(t *testing.T) {
	for what, test := range map[string]struct {
		change func(r *ring)
		want   string
	}{
		"a tail far ahead":     {func(r *ring) { r.tail.Add(ringSize + 16) }, "1048592 bytes in a ring of 1048576"},
		"a tail behind":        {func(r *ring) { r.tail.Add(^uint64(0)) }, "18446744073709551615 bytes in a ring"},
		"half a header":        {func(r *ring) { r.tail.Add(8) }, "half a header"},
		"a header that is not": {func(r *ring) { r.tail.Add(16) }, "a frame whose header is not valid"},
		"a frame that is not there": {func(r *ring) {
			header{kind: kindCancel, id: 99, size: 1000, total: 1000}.put(r.data[r.tail.Load()%ringSize:])
			r.tail.Add(32)
		}, "a frame of 1024 bytes in 32"},
	} {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			a, b, m := shared(t, Config{}, Config{Serve: echo})
			if _, err := a.Invoke(t.Context(), nil, &Header{}, nil); err != nil {
				t.Fatal(err)
			}
			// Of the end that made the channel, this is the ring that it reads.
			r := m.ring(1)
			waitFor(t, func() bool { return r.tail.Load() == r.head.Load() })
			test.change(&r)
			a.summon()
			<-a.Done()
			<-b.Done()
			if err := a.Err(); err == nil || !strings.Contains(err.Error(), "the peer has sent "+test.want) {
				t.Error(err)
			}
		})
	}
	for what, by := range map[string]uint64{"a head ahead": ringSize, "a head behind": ^uint64(ringSize)} {
		t.Run(strings.ReplaceAll(what, " ", "-"), func(t *testing.T) {
			a, _, m := shared(t, Config{}, Config{Serve: echo})
			r := m.ring(0)
			var err error
			for err == nil {
				_, err = a.Invoke(t.Context(), nil, &Header{}, pattern(1000))
				r.head.Add(by)
			}
			if err := a.Err(); err == nil || !strings.Contains(err.Error(), "the peer has sent") {
				t.Error(err)
			}
		})
	}
}

// TestSeals has a peer try to take the memory away.
func TestSeals(t *testing.T) {
	_, files, err := Create(Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(files)
	if err := files[1].Truncate(0); err == nil {
		t.Error("the memory can be made smaller")
	}
	if err := files[1].Truncate(2 * memorySize); err == nil {
		t.Error("the memory can be made larger")
	}
	f, err := os.Create(t.TempDir() + "/file")
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(memorySize); err != nil {
		t.Fatal(err)
	}
	if _, err := Open([]*os.File{files[0], f}); err == nil || !strings.Contains(err.Error(), "not the memory of a channel") {
		t.Errorf("a file without seals: %v", err)
	}
}

// TestThirdEnd opens an end that is in use.
func TestThirdEnd(t *testing.T) {
	a, b, err := CreatePair(Memory)
	if err != nil {
		t.Fatal(err)
	}
	defer closeAll(b)
	for i := range 3 {
		var files []*os.File
		for _, f := range a {
			d, err := duplicate(f)
			if err != nil {
				t.Fatal(err)
			}
			files = append(files, d)
		}
		link, err := Open(files)
		if (err != nil) != (i == 2) {
			t.Error(i, err)
		}
		link.Close()
	}
	closeAll(a)
}

// TestSilentPeer has a peer that does not read: who waits for it can be called off, without a thread for each.
func TestSilentPeer(t *testing.T) {
	before := threads(t) // of tests before, and of as many processors as there are
	c, _ := byHand(t)
	ctx, cancel := context.WithCancel(t.Context())
	closed := make(chan struct{})
	var g sync.WaitGroup
	for i := range 200 {
		g.Go(func() {
			var err, want error
			request := pattern(60_000 + i%4/2*40_000) // of one frame, and of two, which wait for each other
			if i%2 == 0 {
				_, err = c.Invoke(ctx, nil, &Header{}, request)
				want = context.Canceled
			} else {
				_, err = c.Invoke(t.Context(), closed, &Header{}, request)
				want = ErrAbandoned
			}
			if err != want {
				t.Error(err)
			}
		})
	}
	p := c.pipe.(*memoryPipe)
	waitFor(t, func() bool {
		p.outbox.mu.Lock()
		defer p.outbox.mu.Unlock()
		return p.behind > 75
	})
	if n := threads(t); n > before+40+runtime.GOMAXPROCS(0) {
		t.Errorf("%d threads, %d before", n, before)
	}
	cancel()
	close(closed)
	g.Wait()
}

func threads(t *testing.T) int {
	entries, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	return len(entries)
}

// TestIdle has nobody wait on the memory, nor any thread in the kernel, when nothing has happened for a while.
func TestIdle(t *testing.T) {
	a, b, m := shared(t, Config{Serve: echo}, Config{Serve: echo})
	for range 3 {
		for _, c := range []*Conn{a, b} {
			if _, err := c.Invoke(t.Context(), nil, &Header{}, nil); err != nil {
				t.Fatal(err)
			}
		}
		waitFor(t, func() bool {
			for i, c := range []*Conn{b, a} {
				p := c.pipe.(*memoryPipe)
				r := m.ring(i)
				if r.wait.Load() != bySocket || p.users.Load() != 1 {
					return false
				}
			}
			return true
		})
	}
}

// TestLent has a server receive messages, and then do something else, while more come: nobody is woken for these, and all else that comes is
// seen at once.
func TestLent(t *testing.T) {
	received, resume := make(chan int), make(chan struct{})
	var cancelled atomic.Bool
	a, _, m := shared(t, Config{}, Config{Serve: func(s *ServerCall) {
		if s.Stream == nil {
			echo(s)
			return
		}
		s.OnCancel(func() { cancelled.Store(true) })
		for i := 0; ; i++ {
			b, err := s.Stream.Recv(context.Background())
			if err != nil || len(b) != i {
				break
			}
			received <- i
			<-resume
		}
		close(received)
	}})
	s, err := a.OpenStream(&Header{Method: "/p.S/M"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := m.ring(0)
	isLent := func() bool { return r.wait.Load()&isLent != 0 && r.lent.Load() == s.id }
	sent := 0
	send := func() {
		t.Helper()
		if err := s.Send(t.Context(), pattern(sent)); err != nil {
			t.Fatal(err)
		}
		sent++
	}
	// next has the next message received.
	next := func(want int) {
		t.Helper()
		if want > 0 {
			resume <- struct{}{}
		}
		if got := <-received; got != want {
			t.Fatalf("received %d, want %d", got, want)
		}
	}
	quiet := 0
	for round := 0; round < 10 || quiet == 0; round++ {
		if round == 100 {
			t.Fatal("somebody was woken for messages in each round")
		}
		// A worker that was woken may still look at the ring when the server waits for a message, which is none of the server's loans then.
		for try := 0; ; try++ {
			send()
			next(sent - 1)
			if isLent() {
				break
			}
			if try == 100 {
				t.Fatal("the ring was not lent")
			}
			time.Sleep(time.Millisecond)
		}
		first := sent
		for range 10 {
			send()
		}
		if isLent() { // a worker that has slept for long, or is woken late, may have ended the loan
			quiet++
		}
		// The stream's receiver does something else, and nobody waits for it.
		if _, err := a.Invoke(t.Context(), nil, &Header{Method: "/p.S/M"}, pattern(10)); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			next(first + i)
		}
	}
	s.Close()
	waitFor(t, cancelled.Load)
	close(resume)
	if _, ok := <-received; ok {
		t.Error("a message was received that was not sent")
	}
}

// TestLent_writer checks for which frames a writer wakes the reader of a ring.
func TestLent_writer(t *testing.T) {
	c, _ := byHand(t)
	p := c.pipe.(*memoryPipe)
	p.m.out.lent.Store(5)
	message, more := header{kind: kindMessage, id: 5}, header{kind: kindMore, id: 5}
	answer, other := message, message
	answer.flags, other.id = flagAnswer, 6
	for _, tt := range []struct {
		name string
		wait uint32
		h    header
		want bool
	}{
		{"awake", awake, other, false},
		{"asleep", bySocket, message, true},
		{"a message", isLent | bySocket, message, false},
		{"more of one", isLent | firstBell, more, false},
		{"an answer", isLent | lentAnswers | bySocket, answer, false},
		{"an answer where others are lent", isLent | bySocket, answer, true},
		{"no answer where they are lent", isLent | lentAnswers | bySocket, message, true},
		{"another stream", isLent | bySocket, other, true},
		{"a credit", isLent | bySocket, header{kind: kindCredit, id: 5}, true},
		{"the last", isLent | bySocket, header{kind: kindCloseSend, id: 5}, true},
		{"an end", isLent | lentAnswers | bySocket, header{kind: kindEnd, flags: flagAnswer, id: 5}, true},
		{"a call", isLent | bySocket, header{kind: kindCall, id: 5}, true},
	} {
		p.m.out.wait.Store(tt.wait)
		if got := p.mustFlush(tt.h); got != tt.want {
			t.Errorf("%s: got %t", tt.name, got)
		}
	}
}

// TestLent_part has an end come in part with a message: what follows of it is no message that the stream's receiver looks for.
func TestLent_part(t *testing.T) {
	c, r := byHand(t)
	put := func(h header, b []byte) {
		if h.size = uint32(len(b)); h.total == 0 {
			h.total = h.size
		}
		if done, ok := r.put(h, &gather{parts: [5][]byte{b}}); !done || !ok {
			t.Fatal("no room")
		}
	}
	p := c.pipe.(*memoryPipe)
	// The worker that was summoned has gone, which would end a loan after a while.
	waitFor(t, func() bool { return c.peer.Load() != nil && r.wait.Load() == bySocket && p.users.Load() == 1 })
	s, err := c.OpenStream(&Header{Method: "/p.S/M"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	receive := func() {
		t.Helper()
		if b, err := s.Recv(t.Context()); err != nil || string(b) != "m" {
			t.Fatalf("got %q, %v", b, err)
		}
	}
	isLent := func() bool { p.mu.Lock(); defer p.mu.Unlock(); return p.lent() }
	message := header{kind: kindMessage, flags: flagAnswer, id: s.id}
	put(message, []byte("m"))
	receive()
	if !isLent() {
		t.Error("the ring is not lent to who has received a message")
	}
	end := make([]byte, 100_000)
	copy(end[4:], []byte{byte(len(end) - 8), byte((len(end) - 8) >> 8), byte((len(end) - 8) >> 16)})
	put(message, []byte("m"))
	put(header{kind: kindEnd, flags: flagAnswer, id: s.id, total: uint32(len(end))}, end[:maxFrame])
	receive()
	if isLent() {
		t.Error("the ring is lent although an end has come in part")
	}
	put(header{kind: kindMore, flags: flagAnswer, id: s.id, total: uint32(len(end) - maxFrame)}, end[maxFrame:])
	if _, trailer, err := s.Result(t.Context()); len(trailer) != len(end)-8 || err != nil {
		t.Errorf("got %d bytes of trailer, %v", len(trailer), err)
	}
	served := newStream(c, 1, &ServerCall{})
	if !served.borrows() {
		t.Error("a server's stream does not borrow the ring")
	}
	if served.over.Store(true); served.borrows() {
		t.Error("a server's stream that has ended does")
	}
}

// TestLent_again has streams on many channels, and pauses in which workers fall asleep and go, as they do after longestWait.
func TestLent_again(t *testing.T) {
	const channels, messages = 24, 2000
	rounds := 8
	if testing.Short() {
		rounds = 2
	}
	drain := func(s *ServerCall) {
		for {
			b, err := s.Stream.Recv(context.Background())
			if err != nil || s.Method == "/p.S/Echo" && s.Stream.Send(context.Background(), b) != nil {
				break
			}
		}
		s.Stream.End(nil, nil)
	}
	round := func(a *Conn, method string) error {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
		defer cancel()
		s, err := a.OpenStream(&Header{Method: method})
		if err != nil {
			return err
		}
		defer s.Close()
		received := make(chan error, 1)
		go func() {
			n := 0
			for ; ; n++ {
				if _, err := s.Recv(ctx); err == io.EOF {
					break
				} else if err != nil {
					received <- err
					return
				}
			}
			if method == "/p.S/Echo" && n != messages {
				received <- fmt.Errorf("%d messages came back", n)
				return
			}
			received <- nil
		}()
		for range messages {
			if err := s.Send(ctx, pattern(1000)); err != nil {
				return err
			}
		}
		s.CloseSend()
		if err := <-received; err != nil {
			return err
		}
		_, _, err = s.Result(ctx)
		return err
	}
	var g sync.WaitGroup
	for i := range channels {
		a, _, _ := shared(t, Config{}, Config{Serve: drain})
		random := rand.New(rand.NewPCG(1, uint64(i)))
		g.Go(func() {
			for k := range rounds {
				if err := round(a, []string{"/p.S/Sink", "/p.S/Echo"}[i%2]); err != nil {
					t.Errorf("channel %d, stream %d: %v", i, k, err)
					return
				}
				time.Sleep(time.Duration(random.Int64N(int64(1500 * time.Millisecond))))
			}
		})
	}
	g.Wait()
}

// TestLeaks makes and closes channels with calls in progress, after which nothing is left of them.
func TestLeaks(t *testing.T) {
	count := func() (files, mappings, goroutines int) {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Fatal(err)
		}
		maps, err := os.ReadFile("/proc/self/maps")
		if err != nil {
			t.Fatal(err)
		}
		return len(entries), strings.Count(string(maps), "memfd:cofaas"), runtime.NumGoroutine()
	}
	files, mappings, goroutines := count()
	for i := range 40 {
		kind := kinds()[i%2]
		link, peer, err := Create(kind)
		if err != nil {
			t.Fatal(err)
		}
		other, err := Open(peer)
		if err != nil {
			t.Fatal(err)
		}
		a, b := New(link, Config{Serve: echo}), New(other, Config{Serve: echo})
		ctx, cancel := context.WithCancel(t.Context())
		var g sync.WaitGroup
		traffic(ctx, &g, a, b)
		f, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		for range 20 {
			a.SendFiles([]byte("tag"), f, f)
		}
		f.Close()
		for range i * 10 {
			runtime.Gosched()
		}
		[]*Conn{a, b}[i/2%2].Close()
		<-a.Done()
		<-b.Done()
		g.Wait()
		cancel()
	}
	waitFor(t, func() bool {
		f, m, g := count()
		return f <= files && m <= mappings && g <= goroutines
	})
}

// TestKills kills the other process at any time while calls run.
func TestKills(t *testing.T) {
	n := 10
	if testing.Short() {
		n = 3
	}
	for _, kind := range kinds() {
		for i := range n {
			c, cmd := process(t, kind, Waiting(i%2), "echo", Config{Serve: echo})
			ctx, cancel := context.WithCancel(t.Context())
			var g sync.WaitGroup
			traffic(ctx, &g, c)
			if _, err := c.Invoke(ctx, nil, &Header{}, nil); err != nil {
				t.Fatal(err)
			}
			for range i * 100 {
				runtime.Gosched()
			}
			cmd.Process.Signal(syscall.SIGKILL)
			<-c.Done()
			g.Wait()
			cancel()
		}
	}
}

// TestRequeue has a peer move one who waits to where nobody wakes it. It looks again after a while.
func TestRequeue(t *testing.T) {
	served, answer := make(chan struct{}, 1), make(chan struct{})
	a, _, m := shared(t, Config{Waiting: Sleeping}, Config{Serve: func(s *ServerCall) {
		served <- struct{}{}
		<-answer
		s.Reply(nil, nil, nil)
	}})
	result := make(chan error)
	go func() {
		_, err := a.Invoke(t.Context(), nil, &Header{}, nil)
		result <- err
	}()
	<-served
	// It is the leader of the end that made the channel.
	bell, elsewhere := m.ring(1).bells[leaderBell], m.word32(memorySize-64)
	const requeue = 3
	waitFor(t, func() bool {
		n, _, _ := syscall.Syscall6(syscall.SYS_FUTEX, uintptr(unsafe.Pointer(bell)), requeue, 0, 1, uintptr(unsafe.Pointer(elsewhere)), 0)
		return n == 1
	})
	close(answer)
	if err := <-result; err != nil {
		t.Error(err)
	}
}

// TestAlarm has the leader, who sleeps, be woken when its call is called off, and not just look again after a while.
func TestAlarm(t *testing.T) {
	for _, how := range []string{"ctx", "closed"} {
		// If the call is called off when the leader has just looked again, and has not fallen asleep yet, it need not be woken.
		for try := 0; ; try++ {
			if rung := false; t.Run(how, func(t *testing.T) { rung = alarmed(t, how) }) && rung {
				break
			}
			if try == 3 {
				t.Fatalf("%s: nobody woke the leader", how)
			}
		}
	}
}

// alarmed calls off a call whose caller sleeps, and says whether that one was woken, and once.
func alarmed(t *testing.T, how string) bool {
	a, _, m := shared(t, Config{Waiting: Sleeping}, Config{Serve: func(s *ServerCall) {
		done := make(chan struct{})
		s.OnCancel(func() { close(done) })
		<-done
	}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	closed := make(chan struct{})
	result := make(chan error)
	go func() {
		_, err := a.Invoke(ctx, closed, &Header{}, nil)
		result <- err
	}()
	r := m.ring(1)
	waitFor(t, func() bool { return r.wait.Load() == firstBell+leaderBell })
	before := r.bells[leaderBell].Load()
	if how == "ctx" {
		cancel()
	} else {
		close(closed)
	}
	if err := <-result; err != context.Canceled && err != ErrAbandoned {
		t.Error(err)
	}
	// The server rings it only when it has answered, and nobody sleeps there then.
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); runtime.Gosched() {
		if r.bells[leaderBell].Load() == before+1 {
			return true
		}
	}
	return false
}

// One who waits on a channel that is closed meanwhile waits until its call has an outcome: what wakes it may be of an earlier call.
func TestEnded(t *testing.T) {
	a, _ := pair(t, Memory, Config{}, Config{})
	p := a.pipe.(*memoryPipe)
	a.Close()
	for range 64 {
		ctx, cancel := context.WithCancel(t.Context())
		w := newWaiter()
		w.nudge()
		cancel()
		if err := p.await(ctx, nil, w); err != context.Canceled {
			t.Fatalf("got %v for a call without an outcome", err)
		}
	}
	w := newWaiter()
	w.nudge()
	go w.fire(p)
	if err := p.await(t.Context(), nil, w); err != nil || !w.fired() {
		t.Errorf("got %v, fired %v", err, w.fired())
	}
}
