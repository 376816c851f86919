package sockets

import (
	"net"
	"testing"
	"time"
)

// FuzzTable has a guest do anything in any order, with descriptors that it has and others. Nothing may panic, wait, or be left open.
func FuzzTable(f *testing.F) {
	for op := range byte(16) {
		f.Add([]byte{op, 0, 3, 1, 8, op, 4, 1, 6, 0, op, 0xff, 3, op})
	}
	f.Add([]byte{0, 0, 1, 0, 2, 0, 3, 0, 5, 0, 4, 0, 7, 0, 9, 1, 13, 1, 4, 1, 10, 1})
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			c.Write([]byte("hello"))
			c.Close()
		}
	}()
	remote := []string{l.Addr().String(), "127.0.0.1:1", "", ":0", "[::1]:1", "@x", "/nonexistent/x", "nonsense", "255.255.255.255:9"}
	local := []string{"", "127.0.0.1:0", ":0", "[::1]:0", "192.0.2.1:0", "@cofaas-fuzz", "nonsense"}
	kinds := []string{"tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix", "unixgram", "unixpacket", "pigeon", ""}
	values := []int64{0, 1, -1, 1 << 20, 1 << 40, -1 << 63, 1e9}

	f.Fuzz(func(t *testing.T, ops []byte) {
		ops = ops[:min(len(ops), 256)]
		for name, d := range drivers {
			n := newNetwork(Config{Policy: &permissive{}, MaxDescriptors: 16}, d)
			tables := []*Table{n.NewTable(func() {}), n.NewTable(func() {})}
			begin := time.Now()
			for rest := ops; len(rest) >= 2; rest = rest[2:] {
				op, arg := rest[0], int(rest[1])
				table := tables[op>>7]
				fd := uint32(firstDescriptor + arg%24)
				if arg >= 250 {
					fd = uint32(arg * 0x01010101)
				}
				doAnything(table, op&0x7f, fd, pick(kinds, arg), pick(local, arg/16), pick(remote, arg/16), pick(values, arg/8))
			}
			if d := time.Since(begin); d > patience {
				t.Errorf("%s: it took %v", name, d)
			}
			if err := n.Close(); err != nil {
				t.Error(err)
			}
			if open := n.Open(); open != 0 {
				t.Errorf("%s: %d descriptors are open", name, open)
			}
		}
	})
}

func pick[T any](list []T, n int) T { return list[n%len(list)] }

func doAnything(t *Table, op byte, fd uint32, kind, local, remote string, value int64) {
	p := make([]byte, 100)
	switch op % 18 {
	case 0:
		t.Dial(kind, local, remote)
	case 1:
		t.Dial(kind, "", remote)
	case 2:
		t.Listen(kind, local)
	case 3:
		t.Accept(fd)
	case 4:
		t.Read(fd, [][]byte{p[:50], nil, p[50:]})
	case 5:
		t.Write(fd, [][]byte{p, {}, p})
	case 6:
		t.ReadFrom(fd, p)
	case 7:
		t.WriteTo(fd, p, remote)
	case 8:
		t.Shutdown(fd, value&1 == 0, value&2 == 0)
	case 9:
		t.SetOption(fd, uint32(value)%12, value)
	case 10:
		t.Close(fd)
	case 11:
		t.Ready(fd, value > 0)
	case 12:
		t.Await(fd, value > 0)
	case 13:
		t.Status(fd)
	case 14:
		t.Read(fd, nil)
		t.Write(fd, nil)
		t.ReadFrom(fd, nil)
	case 15:
		t.Message(fd)
		t.IsStream(fd)
		t.Disarm()
	case 16:
		t.Lookup(uint32(value), "ip", "127.0.0.1")
	case 17:
		time.Sleep(time.Millisecond)
	}
}
