package host

import (
	"testing"

	"google.golang.org/grpc/connectivity"
)

// A route, and the connection that it leads to, is there for as long as an instance has it.
func TestRoutes(t *testing.T) {
	f := newFakeFunction(t, 2)
	f.host.remotes = newRemotes(nil)
	t.Cleanup(f.host.remotes.close)
	o := &outgoing{from: f, service: "test.Back"}
	a, b := newFakeInstance(f), newFakeInstance(f)
	dial := string(encodeMeta(insecureDial("127.0.0.1:1")))
	n := f.routes.give(&a.routes, o, dial)
	for _, inst := range []*instance{a, b} {
		if again := f.routes.give(&inst.routes, o, dial); again != n || n == 0 {
			t.Errorf("got %d and %d", n, again)
		}
	}
	conn, st := f.routes.get(&a.routes, n).connect()
	if st != nil {
		t.Fatal(st)
	}
	other, st := o.connect(parseDial(dial)) // as a guest that knows nothing of routes
	if st != nil || other != conn {
		t.Fatalf("got another connection, or %v", st)
	}
	expect := func(what string, byA, byB bool, routes, conns int) {
		t.Helper()
		if (f.routes.get(&a.routes, n) != nil) != byA || (f.routes.get(&b.routes, n) != nil) != byB || f.routes.count() != routes || f.host.remotes.count() != conns {
			t.Errorf("%s: %d routes, %d connections", what, f.routes.count(), f.host.remotes.count())
		}
	}
	take := func(inst *instance) {
		t.Helper()
		if err := f.routes.take(&inst.routes, n); err != nil {
			t.Error(err)
		}
	}
	expect("all have it", true, true, 1, 1)
	take(a)
	expect("a has it once", true, true, 1, 1)
	take(a)
	expect("b has it", false, true, 1, 1)
	if err := f.routes.take(&a.routes, n); err == nil {
		t.Error("it was given back once too often")
	}
	if err := f.routes.take(&a.routes, routeUnserved); err != nil {
		t.Error(err)
	}
	b.lose(errStopped)
	expect("nobody has it", false, false, 0, 1)
	other.release()
	expect("nobody has the connection", false, false, 0, 0)
	eventually(t, "the connection is not closed", func() bool { return conn.GetState() == connectivity.Shutdown })
	if again := f.routes.give(&a.routes, o, dial); again == n || again == 0 {
		t.Errorf("%d after %d", again, n)
	}
}
