package broker

import (
	"bytes"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

func TestParseAddress(t *testing.T) {
	for _, test := range []struct {
		raw   string
		want  string
		errno unix.Errno
	}{
		{"\x02\x00\x1f\x90\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00", "127.0.0.1:8080", 0},
		{"\x02\x00\x1f\x90\x7f\x00\x00\x01", "", unix.EINVAL},
		{"\x0a\x00\x1f\x90\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00", "[::1]:8080", 0},
		{"\x0a\x00\x1f\x90\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff\xff\x7f\x00\x00\x01\x00\x00\x00\x00", "127.0.0.1:8080", 0},
		{"\x0a\x00\x1f\x90\x00\x00\x00\x00\xfe\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01\x07\x00\x00\x00", "[fe80::1%7]:8080", 0},
		{"\x01\x00/run/a.sock\x00rest", "/run/a.sock", 0},
		{"\x01\x00/run/a.sock", "/run/a.sock", 0},
		{"\x01\x00\x00name", "@name", 0},
		{"\x01\x00@name", "./@name", 0},
		{"\x01\x00\x00na\x00me", "", unix.EINVAL},
		{"\x01\x00", "", 0},
		{"\x01\x00" + strings.Repeat("n", 107), strings.Repeat("n", 107), 0},
		{"\x01\x00" + strings.Repeat("n", 108), "", unix.EINVAL},
		{"\x01\x00@" + strings.Repeat("n", 104), "./@" + strings.Repeat("n", 104), 0},
		{"\x01\x00@" + strings.Repeat("n", 105), "", unix.EINVAL},
		{"\x01\x00\x00" + strings.Repeat("n", 106), "@" + strings.Repeat("n", 106), 0},
		{"\x01\x00\x00" + strings.Repeat("n", 107), "", unix.EINVAL},
		{"\x10\x00", "", unix.EAFNOSUPPORT},
	} {
		a, errno := parseAddress([]byte(test.raw))
		if errno != test.errno || errno == 0 && a.text() != test.want {
			t.Errorf("%q: got %q, %v", test.raw, a.text(), errno)
		}
	}
}

// Whatever a process says, what the policy is asked about is what the kernel is given.
func FuzzParseAddress(f *testing.F) {
	f.Add([]byte("\x02\x00\x1f\x90\x7f\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte("\x01\x00/run/a.sock\x00"))
	f.Add([]byte("\x01\x00\x00name"))
	f.Add([]byte("\x01\x00@" + strings.Repeat("n", 107)))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) < 2 || len(raw) > maxAddress {
			return
		}
		a, errno := parseAddress(raw)
		if errno != 0 || a.family == unix.AF_UNSPEC {
			return
		}
		if a.family == unix.AF_UNIX {
			if _, errno := a.sockaddr(unix.AF_UNIX); errno != 0 {
				t.Errorf("%q is %q, which no system call takes: %v", raw, a.text(), errno)
			}
		}
		again, errno := parseAddress(a.raw())
		if errno != 0 || again.text() != a.text() {
			t.Errorf("%q is %q, and then %q, %v", raw, a.text(), again.text(), errno)
		}
		if bytes.IndexByte([]byte(a.path), 0) >= 0 {
			t.Errorf("%q has a path with a zero: %q", raw, a.path)
		}
	})
}
