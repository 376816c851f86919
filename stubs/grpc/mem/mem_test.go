package mem_test

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	real "google.golang.org/grpc/mem"

	"github.com/cofaas/cofaas/stubs/grpc/mem"
)

// counting is a pool of either implementation that counts what is out.
type counting struct{ out int }

func (p *counting) Get(n int) *[]byte {
	p.out++
	b := make([]byte, n)
	return &b
}

func (p *counting) Put(*[]byte) { p.out-- }

// large is data that is worth pooling.
var large = strings.Repeat("0123456789abcdef", 100)

// TestBuffers does the same with buffers of both.
func TestBuffers(t *testing.T) {
	for _, data := range []string{"", "small", large} {
		rp, sp := new(counting), new(counting)
		r, s := real.Copy([]byte(data), rp), mem.Copy([]byte(data), sp)
		check := func(step string) {
			t.Helper()
			got := fmt.Sprint(s.Len(), string(s.ReadOnlyData()), sp.out)
			if want := fmt.Sprint(r.Len(), string(r.ReadOnlyData()), rp.out); got != want {
				t.Errorf("%.5q, %s: got %.100s, grpc-go %.100s", data, step, got, want)
			}
		}
		check("copied")
		rs, ss := r.Slice(0, len(data)/2), s.Slice(0, len(data)/2)
		if got, want := string(ss.ReadOnlyData()), string(rs.ReadOnlyData()); got != want {
			t.Errorf("slice: got %q, grpc-go %q", got, want)
		}
		r.Ref()
		s.Ref()
		r.Free()
		s.Free()
		check("freed once")
		_, rr := real.SplitUnsafe(r, len(data)/3)
		_, sr := mem.SplitUnsafe(s, len(data)/3)
		check("split")
		dst := make([]byte, 10)
		rn, rr := real.ReadUnsafe(dst, rr)
		sn, sr := mem.ReadUnsafe(dst, sr)
		if rn != sn || (rr == nil) != (sr == nil) {
			t.Errorf("read: got %d %v, grpc-go %d %v", sn, sr, rn, rr)
		}
		if rr != nil {
			rr.Free()
			sr.Free()
		}
		rs.Free()
		ss.Free()
		check("all but one freed")
		r.Free()
		s.Free()
		if sp.out != rp.out || sp.out != 0 {
			t.Errorf("%d are out, with grpc-go %d", sp.out, rp.out)
		}
	}
}

func TestBuffers_Panics(t *testing.T) {
	panics := func(f func()) (p any) {
		defer func() { p = recover() }()
		f()
		return nil
	}
	type buffer interface {
		ReadOnlyData() []byte
		Ref()
		Free()
		Len() int
	}
	for name, use := range map[string]func(buffer){
		"read": func(b buffer) { b.ReadOnlyData() },
		"ref":  func(b buffer) { b.Ref() },
		"free": func(b buffer) { b.Free() },
		"len":  func(b buffer) { b.Len() },
		"slice": func(b buffer) {
			if r, ok := b.(real.Buffer); ok {
				r.Slice(0, 1)
			} else {
				b.(mem.Buffer).Slice(0, 1)
			}
		},
	} {
		r, s := real.Copy([]byte(large), new(counting)), mem.Copy([]byte(large), new(counting))
		r.Free()
		s.Free()
		if got, want := panics(func() { use(s) }), panics(func() { use(r) }); got != want || got == nil {
			t.Errorf("%s: got %v, grpc-go %v", name, got, want)
		}
	}
}

func TestSlices(t *testing.T) {
	rp, sp := new(counting), new(counting)
	var r real.BufferSlice
	var s mem.BufferSlice
	rw, sw := real.NewWriter(&r, rp), mem.NewWriter(&s, sp)
	for _, data := range []string{"a", "", large, "bc", large[:30]} {
		rn, _ := io.WriteString(rw, data)
		if sn, err := io.WriteString(sw, data); sn != rn || err != nil {
			t.Errorf("wrote %d, grpc-go %d", sn, rn)
		}
	}
	if len(s) != len(r) || s.Len() != r.Len() || !bytes.Equal(s.Materialize(), r.Materialize()) {
		t.Errorf("got %d %d %q", len(s), s.Len(), s.Materialize())
	}
	small := make([]byte, 20)
	if n := s.CopyTo(small); n != 20 || string(small) != string(r.Materialize()[:20]) {
		t.Errorf("copied %d: %q", n, small)
	}
	one := s.MaterializeToBuffer(sp)
	if !bytes.Equal(one.ReadOnlyData(), r.Materialize()) || sp.out != 2 {
		t.Errorf("one buffer %q, %d out", one.ReadOnlyData(), sp.out)
	}
	one.Free()
	if got := (mem.BufferSlice{}).Materialize(); got != nil {
		t.Errorf("nothing is %v", got)
	}

	rr, sr := r.Reader(), s.Reader()
	r.Free()
	s.Free() // the reader has references
	for _, n := range []int{0, 1, 5, 1700, 3} {
		rb, sb := make([]byte, n), make([]byte, n)
		rn, rerr := rr.Read(rb)
		sn, serr := sr.Read(sb)
		if got, want := fmt.Sprint(sn, serr, sr.Remaining(), sp.out), fmt.Sprint(rn, rerr, rr.Remaining(), rp.out); got != want || !bytes.Equal(sb, rb) {
			t.Errorf("read %d: got %s, grpc-go %s", n, got, want)
		}
	}
	sr.Close()
	if _, err := sr.ReadByte(); err != io.EOF || sp.out != 0 {
		t.Errorf("closed: %v, %d out", err, sp.out)
	}
}

func TestReader(t *testing.T) {
	data := []string{"", "ab", "", "cde", "f", ""}
	var r real.BufferSlice
	var s mem.BufferSlice
	for _, d := range data {
		r = append(r, real.SliceBuffer(d))
		s = append(s, mem.SliceBuffer(d))
	}
	rr, sr := r.Reader(), s.Reader()
	for _, op := range []string{"peek 0", "peek 3", "discard 1", "byte", "peek 9", "discard 2", "byte", "peek 1", "discard 3", "byte", "reset", "discard 9", "peek 1"} {
		var n int
		fmt.Sscanf(op[strings.LastIndex(op, " ")+1:], "%d", &n)
		var got, want string
		switch {
		case strings.HasPrefix(op, "peek"):
			rd, rerr := rr.Peek(n, nil)
			sd, serr := sr.Peek(n, nil)
			got, want = fmt.Sprintf("%q %v", sd, serr), fmt.Sprintf("%q %v", rd, rerr)
		case strings.HasPrefix(op, "discard"):
			rd, rerr := rr.Discard(n)
			sd, serr := sr.Discard(n)
			got, want = fmt.Sprint(sd, serr), fmt.Sprint(rd, rerr)
		case op == "byte":
			rd, rerr := rr.ReadByte()
			sd, serr := sr.ReadByte()
			got, want = fmt.Sprint(sd, serr), fmt.Sprint(rd, rerr)
		case op == "reset":
			rr.Reset(r)
			sr.Reset(s)
		}
		got, want = fmt.Sprint(got, sr.Remaining()), fmt.Sprint(want, rr.Remaining())
		if got != want {
			t.Errorf("%s: got %s, grpc-go %s", op, got, want)
		}
	}
	if err := iotest.TestReader(s.Reader(), []byte("abcdef")); err != nil {
		t.Error(err)
	}
}

func TestReadAll(t *testing.T) {
	long := strings.Repeat(large, 50)
	for name, reader := range map[string]func() io.Reader{
		"nothing":   func() io.Reader { return struct{ io.Reader }{strings.NewReader("")} },
		"a byte":    func() io.Reader { return struct{ io.Reader }{strings.NewReader("x")} },
		"long":      func() io.Reader { return struct{ io.Reader }{strings.NewReader(long)} },
		"by bytes":  func() io.Reader { return iotest.OneByteReader(strings.NewReader(long)) },
		"with EOF":  func() io.Reader { return iotest.DataErrReader(strings.NewReader(long)) },
		"writer to": func() io.Reader { return strings.NewReader(long) },
		"error":     func() io.Reader { return iotest.TimeoutReader(strings.NewReader(long)) },
	} {
		rp, sp := new(counting), new(counting)
		want, wantErr := real.ReadAll(reader(), rp)
		got, gotErr := mem.ReadAll(reader(), sp)
		if g, w := fmt.Sprint(len(got), gotErr, sp.out), fmt.Sprint(len(want), wantErr, rp.out); g != w || !bytes.Equal(got.Materialize(), want.Materialize()) {
			t.Errorf("%s: got %s, grpc-go %s", name, g, w)
		}
	}
}

func TestPools(t *testing.T) {
	_, want := real.NewBinaryTieredBufferPool(70)
	_, got := mem.NewBinaryTieredBufferPool(70)
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, grpc-go %v", got, want)
	}
	rb, _ := real.NewBinaryTieredBufferPool(0, 2, 4, 3, 4)
	sb, err := mem.NewBinaryTieredBufferPool(0, 2, 4, 3, 4)
	if err != nil {
		t.Fatal(err)
	}
	for name, p := range map[string][2]interface {
		Get(int) *[]byte
		Put(*[]byte)
	}{
		"binary":  {sb, rb},
		"tiered":  {mem.NewTieredBufferPool(30, 10, 20), real.NewTieredBufferPool(30, 10, 20)},
		"default": {mem.DefaultBufferPool(), real.DefaultBufferPool()},
		"none":    {mem.NopBufferPool{}, real.NopBufferPool{}},
		"empty":   {mem.NewTieredBufferPool(), real.NewTieredBufferPool()},
	} {
		for _, n := range []int{0, 1, 2, 4, 5, 9, 10, 16, 17, 30, 31, 300, 5000, 1 << 21} {
			got, want := p[0].Get(n), p[1].Get(n)
			if len(*got) != n || cap(*got) != cap(*want) {
				t.Errorf("%s: Get(%d) has %d and %d, grpc-go %d", name, n, len(*got), cap(*got), cap(*want))
			}
			for i := range *got {
				(*got)[i] = 'x'
			}
			p[0].Put(got)
			again := p[0].Get(n)
			if len(*again) != n || len(bytes.Trim((*again)[:cap(*again)], "\x00")) > 0 {
				t.Errorf("%s: Get(%d) again has %q", name, n, *again)
			}
		}
		short := make([]byte, 1)
		p[0].Put(&short)
	}
	for _, n := range []int{0, 1024, 1025} {
		if got, want := mem.IsBelowBufferPoolingThreshold(n), real.IsBelowBufferPoolingThreshold(n); got != want {
			t.Errorf("%d: got %t, grpc-go %t", n, got, want)
		}
	}
}
