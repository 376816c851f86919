package host

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// What is in progress is counted where it is, and not any more when it is over.
func TestPool_stats(t *testing.T) {
	f := newFakeFunction(t, 2)
	expect := func(what string, want FunctionStats) {
		t.Helper()
		got := f.pool.stats()
		if got != want || got.InProgress() != (want.Busy+want.Queued+want.Serving+want.Calling+want.Streams > 0) {
			t.Errorf("%s: got %+v, want %+v", what, got, want)
		}
	}
	expect("at first", FunctionStats{})
	a, b := f.take(t), f.take(t)
	expect("two calls", FunctionStats{Instances: 2, Busy: 2})
	got := make(chan *instance)
	go func() {
		inst, _ := f.pool.get(context.Background(), 0)
		got <- inst
	}()
	eventually(t, "nobody waits", func() bool { return f.pool.stats().Queued == 1 })
	f.pool.put(a)
	if a != <-got {
		t.Error("another instance")
	}
	f.park(a, 1)
	expect("one call waits", FunctionStats{Instances: 2, Busy: 1, Serving: 1})
	b.calls = map[uint32]*pendingCall{1: {}}
	b.ends = map[uint32]*streamEnd{1: {}, 2: {}}
	f.pool.put(b)
	expect("the other has called", FunctionStats{Instances: 2, Serving: 1, Calling: 1, Streams: 2})
	b.calls, b.ends = nil, nil // which its owner would do
	delete(a.served, 1)
	expect("all is over", FunctionStats{Instances: 2})
	f.pool.discard(f.take(t), errStopped)
	expect("one has died", FunctionStats{Instances: 1})
}

func TestStats(t *testing.T) {
	server := httptest.NewServer(serve(t, relayApp(t), Options{}).debugHandler())
	defer server.Close()
	get := func(path string) string {
		t.Helper()
		reply, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer reply.Body.Close()
		body, err := io.ReadAll(reply.Body)
		if err != nil || reply.StatusCode != http.StatusOK {
			t.Fatalf("%s: %s, %v", path, reply.Status, err)
		}
		return string(body)
	}
	var got Stats
	if err := json.Unmarshal([]byte(get("/debug/stats")), &got); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"front", "back"} {
		if got.Functions[name] != (FunctionStats{Instances: 1}) {
			t.Errorf("%s: got %+v", name, got.Functions[name])
		}
	}
	if got.Goroutines == 0 || got.Connections != 0 || len(got.Functions) != 2 {
		t.Errorf("got %+v", got)
	}
	if text := get("/debug/pprof/goroutine?debug=1"); !strings.Contains(text, "host.newWatch") {
		t.Errorf("the watch is not among the goroutines:\n%s", text)
	}
}
