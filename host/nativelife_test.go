package host

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/fstest"
	"time"
)

// newNative starts a host of the function alone, that is native, with arguments.
func newAlone(t *testing.T, opts Options, args ...string) (*Host, error) {
	t.Helper()
	checkGoroutines(t)
	opts.Args = map[string][]string{"alone": args}
	if opts.Logger == nil {
		opts.Logger = slog.New(slog.DiscardHandler)
	}
	h, err := New(t.Context(), aloneNative(t), opts)
	if err == nil {
		t.Cleanup(func() { h.Close() })
	}
	return h, err
}

func TestNew_nativeErrors(t *testing.T) {
	for _, tt := range []struct {
		arg     string
		timeout time.Duration
		want    string
	}{
		{"exit=3", 0, "function alone: main: guest exited with code 3"},
		{"exit=2", 0, "function alone: main: guest exited with code 2 (a Go panic, or os.Exit)"},
		{"exit=0", 0, "function alone: main returned before it served: it has to reach (*grpc.Server).Serve"},
		{"mute", time.Second, "function alone: its program has not said hello to the host in 1s: it is no native isolate, or is busy before main; " +
			"generate it again with the cofaas-gen of this host's version, or give it more time with -start-timeout"},
	} {
		t.Run(tt.arg, func(t *testing.T) {
			if _, err := newAlone(t, Options{StartTimeout: tt.timeout}, tt.arg); err == nil || err.Error() != tt.want {
				t.Errorf("got  %v\nwant %s", err, tt.want)
			}
		})
	}
	t.Run("deaf", func(t *testing.T) {
		patiently(t, time.Second, func(d time.Duration) bool {
			want := fmt.Sprintf("function alone: main does not serve: in %v it has not reached (*grpc.Server).Serve; -start-timeout gives it more time", d)
			_, err := newAlone(t, Options{StartTimeout: d}, "deaf")
			if err != nil && strings.Contains(err.Error(), "has not said hello") {
				return false // there was no time for that
			}
			if err == nil || err.Error() != want {
				t.Errorf("got  %v\nwant %s", err, want)
			}
			return true
		})
	})
	t.Run("not built", func(t *testing.T) {
		app := aloneNative(t)
		delete(app.Guests.(fstest.MapFS), "guests/alone.native")
		want := "function alone: its native program has not been built when this host was compiled: run go generate in the function's package, and build again"
		if _, err := New(t.Context(), app, Options{}); err == nil || err.Error() != want {
			t.Errorf("got %v", err)
		}
	})
	t.Run("no program", func(t *testing.T) {
		app := aloneNative(t)
		app.Guests.(fstest.MapFS)["guests/alone.native"] = &fstest.MapFile{Data: []byte("no program")}
		if _, err := New(t.Context(), app, Options{}); err == nil || !strings.HasPrefix(err.Error(), "function alone: ") {
			t.Errorf("got %v", err)
		}
	})
}

// Each main calls the other function before it serves: the one that is called first starts meanwhile.
func TestNew_nativeCallsFirst(t *testing.T) {
	app := pairNative(t)
	var log lockedBuffer
	s := serve(t, app, Options{Args: map[string][]string{"front": {"first=call /test.Back/Echo early"}, "back": {"slow"}}, Logger: slog.New(slog.NewTextHandler(&log, nil))})
	s.says(t, "Front/Echo", "text", "text")
	// It is logged by somebody else than who has heard that the function serves.
	eventually(t, "the log lacks what the callee has said", func() bool {
		return strings.Contains(log.String(), "msg=early function=front stream=stdout")
	})
}

// Who is told to stop may end by itself, and what it writes is logged, to the last byte.
func TestClose_native(t *testing.T) {
	var log lockedBuffer
	h, err := newAlone(t, Options{Logger: slog.New(slog.NewTextHandler(&log, nil))}, "say=hello", "term=0")
	if err != nil {
		t.Fatal(err)
	}
	if err := h.Close(); err != nil {
		t.Error(err)
	}
	for _, want := range []string{
		`level=INFO msg=hello function=alone stream=stdout`, `level=INFO msg="hello without an end" function=alone stream=stderr`,
		`level=INFO msg="told to stop" function=alone stream=stdout`,
	} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, log.String())
		}
	}
}

func TestNew_places(t *testing.T) {
	app := newMixedApp(t, guests{{Function{Name: "front", Exports: []string{"test.Front"}, Imports: []string{"test.Back"}, Places: []string{"wasm"}}, relayGuest()},
		{Function{Name: "back", Exports: []string{"test.Back"}, Places: []string{"native", "wasm"}}, nil}}, Edge{"front", "back", "test.Back"})
	app.Guests.(fstest.MapFS)["guests/back.wasm"] = &fstest.MapFile{Data: echoGuest("back#echo", "back#act")}
	t.Run("by default", func(t *testing.T) {
		s := serve(t, app, Options{})
		s.says(t, "Front/Echo", "count", "1")
	})
	t.Run("wasm", func(t *testing.T) {
		s := serve(t, app, Options{Places: map[string]string{"back": "wasm"}})
		s.says(t, "Front/Echo", "count", "count")
	})
	t.Run("remote", func(t *testing.T) {
		a := serveAway(t)
		s := serve(t, app, Options{Places: map[string]string{"back": "remote"}, Remote: []RemoteCalls{{Address: a.address}}})
		s.says(t, "Front/Echo", "count", "count")
		if n := s.Stats().Functions["back"].Instances; n != 0 {
			t.Errorf("a remote function has %d instances", n)
		}
	})
	for name, tt := range map[string]struct {
		args []string
		want string
	}{
		"unknown function":    {[]string{"-place", "side=wasm"}, `-place: there is no function "side"; the functions are front, back`},
		"unknown place":       {[]string{"-place", "back=moon"}, `invalid value "back=moon" for flag -place: "moon" is no place for a function: want wasm, native or remote`},
		"no function":         {[]string{"-place", "native"}, `invalid value "native" for flag -place: want FUNCTION=PLACE, as cart=native`},
		"not built":           {[]string{"-place", "front=native"}, "-place: front has been built for wasm only: to have it as native too, generate with cofaas-gen -place front=wasm,native, and build again"},
		"root":                {[]string{"-place", "front=remote"}, "-place: front is the function that this host serves: it cannot be remote"},
		"no processes":        {[]string{"-processes", "front=2"}, "-processes: function front runs as wasm: only a function that is native has processes of its own"},
		"processes of nobody": {[]string{"-processes", "side=2"}, `-processes: there is no function "side"; the functions are front, back`},
		"waiting":             {[]string{"-waiting", "never"}, `invalid value "never" for flag -waiting: want adaptive or sleeping`},
		"channel":             {[]string{"-channel", "pipe"}, `invalid value "pipe" for flag -channel: want memory or socket`},
	} {
		t.Run(name, func(t *testing.T) {
			var stderr bytes.Buffer
			if code := Run(t.Context(), app, tt.args, &stderr); code != 2 {
				t.Errorf("got exit code %d, want 2", code)
			}
			if got, _, _ := strings.Cut(stderr.String(), "\n"); got != tt.want {
				t.Errorf("got  %s\nwant %s", got, tt.want)
			}
		})
	}
}
