package host

import (
	"bytes"
	"context"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/internal/advise"
	"github.com/cofaas/cofaas/internal/placement"
)

// Calls are counted at each edge, with their bytes on the wire, and what handlers compute is less than calls take.
func TestProfile(t *testing.T) {
	h := serve(t, relayApp(t), Options{Profile: true})
	const calls = 100
	for range calls {
		h.checkEcho(t, "Front/Echo")
	}
	size := uint64(2 + len("echo of ") + len(t.Name())) // a tag, a length, and what checkEcho sends
	var file bytes.Buffer
	if err := h.WriteProfile(&file); err != nil {
		t.Fatal(err)
	}
	p, err := advise.Read(&file)
	if err != nil {
		t.Fatal(err)
	}
	if p.Root != "front" || p.Seconds <= 0 || p.Machine.CPUs < 1 || len(p.Functions) != 2 || len(p.Edges) != 2 {
		t.Fatalf("got %+v", p)
	}
	for i, want := range []struct{ from, to, method string }{{"", "front", "/test.Front/Echo"}, {"front", "back", "/test.Back/Echo"}} {
		e := p.Edges[i]
		if e.From != want.from || e.To != want.to || e.Method != want.method || e.Calls != calls || e.Failed != 0 || e.Stream {
			t.Errorf("got edge %+v, want %v", e, want)
		}
		if e.Time.Samples < measuredFirst || e.Time.Samples > calls || e.Time.TotalNs <= 0 || e.Time.P50Ns > e.Time.P99Ns || e.InFlight <= 0 {
			t.Errorf("%s: got times %+v", e.Method, e.Time)
		}
		for _, m := range []advise.Messages{e.Requests, e.Replies} {
			if m.Count != calls || m.Bytes != calls*size || m.Sized == 0 || m.Layout != "wire" {
				t.Errorf("%s: got messages %+v, want %d of %d bytes", e.Method, m, calls, size)
			}
		}
		f := p.Functions[1-i]
		if f.Name != want.to || f.Place != "wasm" || f.Compute != advise.Measured || len(f.Methods) != 1 || f.Methods[0].Calls != calls {
			t.Fatalf("got function %+v", f)
		}
		if self := f.Methods[0].Self; self.TotalNs <= 0 || self.P50Ns > e.Time.P99Ns {
			t.Errorf("%s computes %+v of %+v", want.to, self, e.Time)
		}
	}
}

// A guest's time is less that of the calls that it makes, which are timed whenever the guest is.
func TestProfile_nested(t *testing.T) {
	p := newProfile()
	f := newFakeFunction(t, 1)
	inst := f.take(t)
	defer f.pool.put(inst)
	h := &handlerProfile{}
	e := &edge{profile: &edgeProfile{}}
	const work, nested = 1000, 50_000
	at := int64(0)
	p.clock = func() int64 { return at }
	run := &profiledFunc{runFunc(func() {
		at += work
		c := p.enter(e, inst)
		c.start()
		at += nested
		inst.span.edge = nil // as if the call went on
		c.leave(nil, 0, nil, nil)
	}), p, inst, h}
	const calls = 10 * measuredOf
	for range calls {
		if err := run.Call(nil); err != nil {
			t.Fatal(err)
		}
	}
	self := h.self.times(h.calls.total())
	if want := int64(calls * work); self.TotalNs != want {
		t.Errorf("has computed for %d ns, want %d", self.TotalNs, want)
	}
	if inst.timed != nil || inst.span.edge != nil {
		t.Error("something is left of the calls")
	}
}

type runFunc func()

func (f runFunc) Call([]uint64) error { f(); return nil }

var _ engine.Func = runFunc(nil)

// Without a profile nothing stands between guests and host.
func TestProfile_off(t *testing.T) {
	h := serve(t, relayApp(t), Options{})
	h.checkEcho(t, "Front/Echo")
	for _, f := range h.functions {
		inst, err := f.pool.get(t.Context(), 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := inst.exports[0].(*profiledFunc); ok {
			t.Errorf("the exports of %s are profiled", f.name)
		}
		f.release(inst)
		for _, e := range f.unary {
			if e.profile != nil {
				t.Errorf("an edge of %s is profiled", f.name)
			}
		}
	}
	if err := h.WriteProfile(io.Discard); err == nil || err.Error() != "the host has no profile: set Options.Profile" {
		t.Errorf("got error %v", err)
	}
}

func TestCounter(t *testing.T) {
	var c counter
	const calls = 1000
	var weights uint64
	for i := range calls {
		w, _ := c.next(uint32(i % 3))
		weights += w
	}
	if c.total() != calls {
		t.Errorf("got %d, want %d", c.total(), calls)
	}
	// Each shard may owe the calls since its last one that was timed.
	if weights > calls || weights < calls-3*measuredOf {
		t.Errorf("timed calls stand for %d of %d", weights, calls)
	}
}

// A duration counts within a sixteenth of itself.
func TestSamples(t *testing.T) {
	last := -1
	for _, d := range []uint64{0, 1, 7, 8, 9, 15, 16, 17, 100, 1000, 1023, 1024, 12345, 1e6, 1e9, 1e12, math.MaxInt64} {
		step := stepOf(d)
		if step < last || step >= steps {
			t.Fatalf("%d is in step %d after %d", d, step, last)
		}
		last = step
		if mid := float64(midOf(step)); math.Abs(mid-float64(d)) > float64(d)/15 {
			t.Errorf("%d counts as %v", d, mid)
		}
	}
	var s samples
	for d := range int64(1000) {
		s.add(d, 2)
	}
	got := s.times(4000) // twice as many as samples stand for
	if got.Samples != 1000 || got.TotalNs != 2*2*999*1000/2 {
		t.Errorf("got %+v", got)
	}
	if math.Abs(float64(got.P50Ns)-500) > 40 || math.Abs(float64(got.P99Ns)-990) > 70 {
		t.Errorf("got median %d and p99 %d", got.P50Ns, got.P99Ns)
	}
}

// A callee that fails makes its caller's call a failure too, if that passes it on.
func TestProfile_failures(t *testing.T) {
	broken := newGuestModule(&wasm{}, methodCode{"back#echo", unreachable}, methodCode{"back#act", unreachable}).binary()
	h := serve(t, newApp(t, guests{{frontSpec, relayGuest()}, {backSpec, broken}}, Edge{"front", "back", "test.Back"}), Options{Profile: true})
	const calls = 3
	for range calls {
		if _, err := h.call(t.Context(), "Front/Echo", nil); err == nil {
			t.Fatal("no error")
		}
	}
	for _, e := range h.profile.report(h.Host).Edges {
		if e.Calls != calls || e.Failed != calls || e.Replies.Count != 0 {
			t.Errorf("%s: got %d calls, %d failed, %d replies; want all to have failed", e.Method, e.Calls, e.Failed, e.Replies.Count)
		}
	}
}

// The flag -profile has the file written when the host stops, and what would prevent that is said at once.
func TestRun_profile(t *testing.T) {
	checkGoroutines(t)
	dir := t.TempDir()
	nowhere := filepath.Join(dir, "none")
	var usage bytes.Buffer
	if code := Run(t.Context(), relayApp(t), []string{"-profile", filepath.Join(nowhere, "p")}, &usage); code != 2 {
		t.Errorf("got exit code %d, want 2", code)
	}
	if want := "-profile " + filepath.Join(nowhere, "p") + ": there is no folder " + nowhere + "\n"; usage.String() != want {
		t.Errorf("got %q, want %q", usage.String(), want)
	}

	ctx, stop := context.WithCancel(t.Context())
	var stderr lockedBuffer
	done := make(chan int, 1)
	file := filepath.Join(dir, "profile.json")
	go func() {
		done <- Run(ctx, relayApp(t), []string{"-addr", "unix:" + filepath.Join(dir, "s"), "-cache-dir", "off", "-profile", file}, &stderr)
	}()
	waitFor(t, func() bool { return strings.Contains(stderr.String(), "msg=serving") })
	conn, err := grpc.NewClient("unix:"+filepath.Join(dir, "s"), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.Invoke(t.Context(), "/test.Front/Echo", wrapperspb.String("text"), new(wrapperspb.StringValue)); err != nil {
		t.Error(err)
	}
	_ = conn.Close()
	stop()
	if code := <-done; code != 0 {
		t.Errorf("got exit code %d:\n%s", code, stderr.String())
	}
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if p, err := advise.Read(f); err != nil || p.Root != "front" || len(p.Edges) != 2 {
		t.Errorf("got %+v, %v", p, err)
	}
	for _, want := range []string{"Costs of calls: defaults", "\nfront computes ", "\nback computes "} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the advice lacks %q:\n%s", want, stderr.String())
		}
	}
}

// The host sees the calls to and from isolates, and takes what is left of the former for what they compute.
func TestProfile_native(t *testing.T) {
	h := serve(t, pairNative(t), Options{Profile: true})
	const calls = 40
	for range calls {
		h.says(t, "Front/Echo", "call /test.Back/Echo text", "text")
	}
	h.says(t, "Front/Echo", "stream /test.Flow/Both a b c", `["a" "b" "c"] [of back] [of back]`)
	h.ends(t, t.Context(), "Front/Echo", "call /test.Back/Echo refuse 7", codes.PermissionDenied, "refused")
	p := h.profile.report(h.Host)
	edges := map[string]advise.Edge{}
	for _, e := range p.Edges {
		edges[e.From+" "+e.To+" "+e.Method] = e
	}
	front, back, flow := edges[" front /test.Front/Echo"], edges["front back /test.Back/Echo"], edges["front back /test.Flow/Both"]
	if len(edges) != 3 || front.Calls != calls+2 || front.Failed != 1 || back.Calls != calls+1 || back.Failed != 1 {
		t.Fatalf("got %+v", p.Edges)
	}
	if flow.Calls != 1 || flow.Requests.Count != 3 || flow.Replies.Count != 3 || flow.Requests.Bytes != 9 || flow.Failed != 0 || flow.Time.TotalNs <= 0 {
		t.Errorf("got stream %+v", flow)
	}
	// "text" and its tag and length.
	if got := back.Requests.Bytes; got < 6*calls || back.Replies.Count != calls || back.Time.TotalNs >= front.Time.TotalNs {
		t.Errorf("got %+v of %+v", back, front)
	}
	for _, f := range p.Functions {
		if f.Place != placement.Native || f.Compute != advise.Derived || len(f.Methods) == 0 || f.Methods[0].Self.TotalNs <= 0 {
			t.Errorf("got function %+v", f)
		}
	}
	if self := p.Functions[1].Methods[0].Self.TotalNs; self > front.Time.TotalNs-back.Time.TotalNs {
		t.Errorf("front computes %d ns of %d, less %d", self, front.Time.TotalNs, back.Time.TotalNs)
	}
}

// A guest's calls of an isolate go on after their import has returned, and are counted when they end.
func TestProfile_mixed(t *testing.T) {
	app := newMixedApp(t, guests{{frontSpec, relayGuest()}, {nativeBack, nil}}, Edge{"front", "back", "test.Back"}, Edge{"back", "front", "test.Front"})
	h := serve(t, app, Options{Profile: true})
	const calls = 30
	for range calls {
		h.says(t, "Front/Echo", "text", "text")
	}
	h.ends(t, t.Context(), "Front/Echo", "refuse 7", codes.PermissionDenied, "refused")
	for _, e := range h.profile.report(h.Host).Edges {
		if e.Calls != calls+1 || e.Failed != 1 || e.Replies.Count != calls || e.Replies.Bytes != 6*calls || e.Time.P50Ns <= 0 {
			t.Errorf("got %+v", e)
		}
	}
}

// A call that goes on when its import has returned takes until it is over, for its edge; its caller has computed meanwhile.
func TestProfile_pending(t *testing.T) {
	c, caller, _ := newTestCall(t)
	p := newProfile()
	caller.fn.host.profile = p
	at := int64(0)
	p.clock = func() int64 { return at }
	e := &edge{method: c.method.method, profile: &edgeProfile{}}
	run := &guestRun{}
	caller.timed = run
	x := p.enter(e, caller)
	x.start()
	at += 100
	caller.goesOnWith(c)
	x.leave(e.method, 0, nil, nil)
	if n := e.profile.time.n.Load(); n != 0 {
		t.Errorf("the call is over already")
	}
	at += 900
	c.fail(errCanceled())
	if got := e.profile.time.times(1); got.TotalNs != 1000 || e.profile.failed.Load() != 1 {
		t.Errorf("got %+v, %d failed; want 1000 ns and a failure", got, e.profile.failed.Load())
	}
	if run.nested != 100 {
		t.Errorf("its caller's thread was away for %d ns, want 100", run.nested)
	}
}
