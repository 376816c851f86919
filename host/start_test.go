package host

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"testing"
	"time"
)

// lateGuest has a guest that cannot be read before a function says that it serves.
type lateGuest struct {
	fs.FS
	late   string
	serves chan struct{}
}

func (g *lateGuest) Open(name string) (fs.File, error) {
	if name == "guests/"+g.late+".wasm" {
		select {
		case <-g.serves:
		case <-time.After(time.Minute):
			return nil, errors.New("no function serves")
		}
	}
	return g.FS.Open(name)
}

// Enabled, Handle, WithAttrs and WithGroup make it a slog.Handler that hears of functions which serve.
func (g *lateGuest) Enabled(context.Context, slog.Level) bool { return true }
func (g *lateGuest) WithAttrs([]slog.Attr) slog.Handler       { return g }
func (g *lateGuest) WithGroup(string) slog.Handler            { return g }

func (g *lateGuest) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "function serves" {
		close(g.serves)
	}
	return nil
}

// serveLate starts an app whose front cannot be read before back serves.
func serveLate(t *testing.T, app *App) *served {
	t.Helper()
	late := &lateGuest{app.Guests, "front", make(chan struct{})}
	app.Guests = late
	return serve(t, app, Options{Logger: slog.New(late)})
}

// servingGuest serves Back: its main says so, and then does more.
func servingGuest(w *wasm, main code) []byte {
	ready := w.imported(runtimeInterface, "ready", i32s(4, 0))
	newGuestModule(w, methodCode{"back#echo", returnBlob(localGet(0), localGet(1))}, methodCode{"back#act", unreachable})
	w.function(initComponentExport, i32s(0, 1), 0,
		i32Const(0), i32Const(0), i32Const(0), i32Const(0), call(ready), main, i32Const(0))
	return w.binary()
}

// A function starts while the guests of its callers are still being compiled.
func TestNew_startsEarly(t *testing.T) {
	s := serveLate(t, newApp(t, guests{{frontSpec, relayGuest()}, {backSpec, servingGuest(&wasm{}, nil)}},
		Edge{"front", "back", "test.Back"}))
	s.checkEcho(t, "Front/Echo")
}

// In a cycle, a main may call a function whose guest is still being compiled.
func TestNew_callsEarly(t *testing.T) {
	w := &wasm{}
	echo := w.imported("proto:test/front", "echo", i32s(5, 0))
	back := servingGuest(w, seq(
		i32Const(0), i32Const(0), i32Const(0), i32Const(0), i32Const(resultAt), call(echo),
		i32Const(resultAt), load(0), when(unreachable))) // not OK
	spec := backSpec
	spec.Imports = []string{"test.Front"}
	s := serveLate(t, newApp(t, guests{{frontSpec, echoGuest("front#echo", "front#act")}, {spec, back}},
		Edge{"front", "back", "test.Back"}, Edge{"back", "front", "test.Front"}))
	s.checkEcho(t, "Front/Echo")
	if got := s.instances(t); got["front"] != 1 || got["back"] != 1 {
		t.Errorf("got instances %v", got)
	}
}
