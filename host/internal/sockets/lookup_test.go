package sockets

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Types of DNS records (RFC 1035, 3596 and 2782), and the code for a name that does not exist.
const (
	typeA, typeNS, typeCNAME, typePTR, typeMX, typeTXT, typeAAAA, typeSRV = 1, 2, 5, 12, 15, 16, 28, 33

	codeNoName = 3
)

// nameServer answers a resolver: names that begin with "none" do not exist, those that begin with "never" are not answered, and all others
// have one record of each type.
func nameServer(t testing.TB) (*net.Resolver, *atomic.Int64) {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var questions atomic.Int64
	done := make(chan struct{})
	go func() {
		defer close(done)
		asked := map[string]bool{}
		for buf := make([]byte, 1500); ; {
			n, from, err := c.ReadFrom(buf)
			if err != nil {
				return
			}
			if name := string(buf[12:n]); !asked[name] { // a resolver asks again that hears nothing
				asked[name] = true
				questions.Add(1)
			}
			if answer := answerTo(buf[:n]); answer != nil {
				c.WriteTo(answer, from)
			}
		}
	}()
	t.Cleanup(func() {
		c.Close()
		<-done
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", c.LocalAddr().String())
	}}, &questions
}

func answerTo(question []byte) []byte {
	const header = 12
	end := header
	for question[end] != 0 {
		end += 1 + int(question[end])
	}
	end++
	first := string(question[header+1 : header+1+int(question[header])])
	kind := binary.BigEndian.Uint16(question[end:])
	if strings.HasPrefix(first, "never") {
		return nil
	}
	answer := slices.Clone(question[:end+4])
	answer[2], answer[3] = 0x84|question[2]&1, 0x80
	binary.BigEndian.PutUint16(answer[6:], 1)
	clear(answer[8:header])
	if strings.HasPrefix(first, "cname") && kind != typeCNAME {
		binary.BigEndian.PutUint16(answer[6:], 0) // else the resolver takes which answer is first
		return answer
	}
	var data []byte
	switch kind {
	case typeA:
		data = []byte{192, 0, 2, 7}
	case typeAAAA:
		data = netip.MustParseAddr("2001:db8::7").AsSlice()
	case typeNS, typeCNAME, typePTR:
		data = dnsName("other.example.")
	case typeMX:
		data = append([]byte{0, 10}, dnsName("mail.example.")...)
	case typeTXT:
		data = []byte("\x04text")
	case typeSRV:
		data = append([]byte{0, 1, 0, 2, 0, 80}, dnsName("target.example.")...)
	}
	if strings.HasPrefix(first, "none") || data == nil {
		answer[3] |= codeNoName
		binary.BigEndian.PutUint16(answer[6:], 0)
		return answer
	}
	answer = append(answer, 0xc0, header) // the question's name
	answer = binary.BigEndian.AppendUint16(answer, kind)
	answer = append(answer, 0, 1, 0, 0, 0, 60)
	answer = binary.BigEndian.AppendUint16(answer, uint16(len(data)))
	return append(answer, data...)
}

func dnsName(name string) (b []byte) {
	for label := range strings.SplitSeq(name, ".") {
		b = append(b, byte(len(label)))
		b = append(b, label...)
	}
	return b
}

// readAnswer reads the answer of a look-up.
func (g *guest) readAnswer(fd uint32) (failed bool, values []string) {
	g.t.Helper()
	var all []byte
	for buf := make([]byte, 7); ; {
		n, errno := g.read(fd, buf)
		g.must(errno, "read")
		if n == 0 {
			break
		}
		all = append(all, buf[:n]...)
	}
	return all[0] != 0, decodeStrings(g.t, all[1:])
}

func decodeStrings(t testing.TB, b []byte) (values []string) {
	t.Helper()
	for len(b) > 0 {
		size := int(binary.LittleEndian.Uint32(b))
		values = append(values, string(b[4:4+size]))
		b = b[4+size:]
	}
	return values
}

// learner notes what it is told of answers.
type learner struct {
	permissive
	mu      sync.Mutex
	learned map[string][]netip.Addr
}

func (l *learner) Answered(name string, addrs []netip.Addr) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.learned[name] = addrs
}

// TestLookup compares with what the resolver says natively.
func TestLookup(t *testing.T) {
	r, _ := nameServer(t)
	ctx := context.Background()
	policy := &learner{learned: make(map[string][]netip.Addr)}
	n := New(Config{Policy: policy, Resolver: r})
	defer closeNetwork(t, n)
	g := newGuest(t, n)
	for _, c := range []struct {
		kind          uint32
		network, name string
		native        func(name string) ([]string, error)
	}{
		{lookupHost, "", "host.example", func(s string) ([]string, error) { return r.LookupHost(ctx, s) }},
		{lookupHost, "", "none.example", func(s string) ([]string, error) { return r.LookupHost(ctx, s) }},
		{lookupHost, "", "192.0.2.1", func(s string) ([]string, error) { return r.LookupHost(ctx, s) }},
		{lookupHost, "", "", func(s string) ([]string, error) { return r.LookupHost(ctx, s) }},
		{lookupHost, "", "nul\x00.example", func(s string) ([]string, error) { return r.LookupHost(ctx, s) }},
		{lookupHost, "", "localhost", func(s string) ([]string, error) { return r.LookupHost(ctx, s) }},
		{lookupIP, "ip", "ip.example", func(s string) ([]string, error) { return texts(r.LookupNetIP(ctx, "ip", s)) }},
		{lookupIP, "ip4", "ip.example", func(s string) ([]string, error) { return texts(r.LookupNetIP(ctx, "ip4", s)) }},
		{lookupIP, "ip6", "ip.example", func(s string) ([]string, error) { return texts(r.LookupNetIP(ctx, "ip6", s)) }},
		{lookupCNAME, "", "cname.example", func(s string) ([]string, error) {
			c, err := r.LookupCNAME(ctx, s)
			return []string{c}, err
		}},
		{lookupSRV, "", "_s._tcp.srv.example", func(s string) ([]string, error) {
			c, list, err := r.LookupSRV(ctx, "", "", s)
			v := []string{c}
			for _, s := range list {
				v = append(v, s.Target, fmt.Sprint(s.Port), fmt.Sprint(s.Priority), fmt.Sprint(s.Weight))
			}
			return v, err
		}},
		{lookupMX, "", "mx.example", func(s string) (v []string, err error) {
			list, err := r.LookupMX(ctx, s)
			for _, m := range list {
				v = append(v, m.Host, fmt.Sprint(m.Pref))
			}
			return v, err
		}},
		{lookupMX, "", "none.example", func(s string) ([]string, error) { _, err := r.LookupMX(ctx, s); return nil, err }},
		{lookupNS, "", "ns.example", func(s string) (v []string, err error) {
			list, err := r.LookupNS(ctx, s)
			for _, n := range list {
				v = append(v, n.Host)
			}
			return v, err
		}},
		{lookupTXT, "", "txt.example", func(s string) ([]string, error) { return r.LookupTXT(ctx, s) }},
		{lookupAddr, "", "192.0.2.7", func(s string) ([]string, error) { return r.LookupAddr(ctx, s) }},
		{lookupAddr, "", "no address", func(s string) ([]string, error) { return r.LookupAddr(ctx, s) }},
	} {
		fd, errno := g.table.Lookup(c.kind, c.network, c.name)
		g.must(errno, "lookup")
		failed, got := g.readAnswer(fd)
		want, err := c.native(c.name)
		if err != nil {
			want = errorTexts(err)
		}
		if c.kind == lookupHost || c.kind == lookupIP {
			if learned, _ := texts(policy.learned[c.name], nil); err == nil && !slices.Equal(learned, got) {
				t.Errorf("%d %s: the policy was told %q, and the guest %q", c.kind, c.name, learned, got)
			}
			if !failed {
				slices.Sort(want) // whichever family was quicker
				slices.Sort(got)
			}
		}
		if failed != (err != nil) || !slices.Equal(got, want) {
			t.Errorf("%d %s: got %q, want %q, %v", c.kind, c.name, got, want, err)
		}
		if stream, ok := g.table.IsStream(fd); !stream || !ok {
			t.Errorf("stream, ok = %v, %v", stream, ok)
		}
		g.must(g.table.Close(fd), "close")
	}
}

func texts(addrs []netip.Addr, err error) (v []string, _ error) {
	for _, a := range addrs {
		v = append(v, a.Unmap().String())
	}
	return v, err
}

func errorTexts(err error) []string {
	e, ok := err.(*net.DNSError)
	if !ok {
		return []string{err.Error(), "", "", ""}
	}
	flags := ""
	if e.IsTimeout {
		flags += "t"
	}
	if e.IsTemporary {
		flags += "p"
	}
	if e.IsNotFound {
		flags += "n"
	}
	return []string{e.Err, e.Name, e.Server, flags}
}

// TestLookup_Pending has more look-ups than are done at once, none of which is answered.
func TestLookup_Pending(t *testing.T) {
	before := usage(t)
	t.Run("", func(t *testing.T) {
		r, questions := nameServer(t)
		n := New(Config{Policy: &permissive{}, Resolver: r})
		defer closeNetwork(t, n)
		g := newGuest(t, n)
		var fds []uint32
		for i := range 3 * maxLookups {
			fd, errno := g.table.Lookup(lookupIP, "ip4", fmt.Sprintf("never%d.example.", i))
			g.must(errno, "lookup")
			fds = append(fds, fd)
		}
		for deadline := time.Now().Add(patience); questions.Load() < maxLookups; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("there were %d questions", questions.Load())
			}
		}
		time.Sleep(20 * time.Millisecond)
		if q := questions.Load(); q > maxLookups {
			t.Errorf("%d questions at once", q)
		}
		for _, fd := range fds {
			if _, errno := g.table.Read(fd, [][]byte{make([]byte, 1)}); errno != ErrnoAgain {
				t.Errorf("read: errno %d", errno)
			}
			if ready, _ := g.table.Ready(fd, false); ready {
				t.Error("ready without an answer")
			}
			if _, errno := g.table.Write(fd, [][]byte{{1}}); errno != ErrnoNotsup {
				t.Errorf("write: errno %d", errno)
			}
			g.must(g.table.Close(fd), "close")
		}
		if n.Open() != 0 {
			t.Errorf("%d descriptors are open", n.Open())
		}
	})
	before.wait(t)
}

func TestLookup_Errors(t *testing.T) {
	n := New(Config{Policy: &permissive{}})
	defer closeNetwork(t, n)
	table := n.NewTable(func() {})
	for _, c := range []struct {
		kind          uint32
		network, name string
		want          Errno
	}{
		{0, "", "name", ErrnoInval}, {9, "", "name", ErrnoInval}, {1 << 31, "", "name", ErrnoInval},
		{lookupIP, "", "name", ErrnoInval}, {lookupIP, "tcp", "name", ErrnoInval},
		{lookupHost, "", strings.Repeat("x", maxName+1), ErrnoNametoolong},
	} {
		if _, errno := table.Lookup(c.kind, c.network, c.name); errno != c.want {
			t.Errorf("%d %q %q: errno %d", c.kind, c.network, c.name, errno)
		}
	}
}

// TestInterfaces compares with what the machine says natively.
func TestInterfaces(t *testing.T) {
	n := New(Config{})
	defer closeNetwork(t, n)
	for tries := 0; ; tries++ {
		b, errno := n.NewTable(func() {}).Interfaces()
		if errno != ErrnoSuccess {
			t.Fatalf("errno %d", errno)
		}
		got, want := decodeStrings(t, b), nativeInterfaces(t)
		if slices.Equal(got, want) {
			return
		}
		if tries == 5 { // others may add some, and remove them
			t.Fatalf("got %q, want %q", got, want)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

func nativeInterfaces(t *testing.T) (want []string) {
	t.Helper()
	list, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range list {
		addrs, err := i.Addrs()
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, fmt.Sprint(i.Index), fmt.Sprint(i.MTU), i.Name, i.HardwareAddr.String(), fmt.Sprint(uint(i.Flags)), fmt.Sprint(len(addrs)))
		for _, a := range addrs {
			want = append(want, a.String())
		}
	}
	return want
}
