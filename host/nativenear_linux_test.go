package host

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

// isStopped says whether all threads of a process have stopped: a signal gets to one of them, which tells the others.
func isStopped(pid int) bool {
	threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	for _, name := range threads {
		stat, err := os.ReadFile(name)
		if _, rest, _ := strings.Cut(string(stat), ") "); err != nil || !strings.HasPrefix(rest, "T") {
			return false
		}
	}
	return err == nil && len(threads) > 0
}

// TestNative_near has an isolate that does not read: no more is waited for it than soon, and what it was not sent then is sent later, once.
func TestNative_near(t *testing.T) {
	s := serve(t, aloneNative(t), Options{})
	n := s.functions["alone"].native
	var m *method
	for _, x := range n.fn.exports {
		if x.full == "/test.Front/Echo" {
			m = x.method
		}
	}
	pid := n.isolates()[0].process.Pid()
	if err := syscall.Kill(pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	defer syscall.Kill(pid, syscall.SIGCONT)
	eventually(t, "the isolate does not stop", func() bool { return isStopped(pid) })
	type waiting struct {
		request []byte
		later   laterReply
	}
	var calls []waiting
	for i := range 40 {
		size := 50_000
		if i == 30 {
			size = 200_000
		}
		request, err := proto.Marshal(wrapperspb.Bytes(bytes.Repeat([]byte{byte('a' + i%26)}, size)))
		if err != nil {
			t.Fatal(err)
		}
		soon, stop := context.WithTimeout(t.Context(), time.Millisecond)
		_, st, later := n.begin(t.Context(), soon, m, request, &callContext{})
		stop()
		if st != nil || later == nil {
			t.Fatalf("call %d: %v, and it does not go on", i, st)
		}
		calls = append(calls, waiting{request, later})
	}
	if err := syscall.Kill(pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i, c := range calls {
		all.Go(func() {
			reply, st := c.later()
			if st != nil || !bytes.Equal(reply.bytes(), c.request) {
				t.Errorf("call %d: %v", i, st)
			}
			reply.free()
		})
	}
	all.Wait()
	if got := n.isolates()[0].serves.Load(); got != 0 {
		t.Errorf("%d calls are in progress", got)
	}
}
