package network

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
)

// TestRefresh has a function ask for its setting all the time, while nobody calls it.
func TestRefresh(t *testing.T) {
	server := newHTTPServer(t, false, shortIdle)
	s := allowWeb(server.address)
	s.env = map[string][]string{"web": {"REFRESH=" + server.url + "/setting"}}
	both(t, s, func(t *testing.T, sys *system) {
		for _, setting := range []string{"second", "third"} {
			server.setting.Store(setting)
			before := server.settings.Load()
			// Nobody calls the function meanwhile.
			eventually(t, "the function asks for its setting", func() bool { return server.settings.Load() >= before+5 })
			sys.want(sys.do("web", "setting"), `HTTP/1.1 200 OK "`+setting+`"`)
		}
	})
}

// TestTicker has a ticker tick between calls.
func TestTicker(t *testing.T) {
	both(t, setup{}, func(t *testing.T, sys *system) {
		var n int
		for range 5 { // as ticks are lost on a machine that is busy
			sys.look("web", "tick", "10ms")
			time.Sleep(2 * time.Second)
			out, err := sys.try(t.Context(), "web", "ticks")
			if err != nil {
				t.Fatal(err)
			}
			if n, err = strconv.Atoi(out.Lines[0]); err != nil {
				t.Fatal(err)
			}
			// 200 on a machine that has time; TestCosts is exact.
			if most := out.Nanoseconds / 2e6; int64(n) > most {
				t.Errorf("%d ticks in %v", n, time.Duration(out.Nanoseconds))
			}
			if n >= 20 {
				break
			}
		}
		if n < 20 {
			t.Errorf("%d ticks in 2 s", n)
		}
	})
}

// TestDeadlines has calls end in time although what their tasks wait for does not come.
func TestDeadlines(t *testing.T) {
	silent := silentServer(t)
	both(t, allowWeb(silent), func(t *testing.T, sys *system) {
		for _, args := range [][]string{{"sleep", "1h"}, {"http download", "http://" + silent + "/"}} {
			ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
			start := time.Now()
			_, err := sys.try(ctx, "web", args[0], args[1:]...)
			cancel()
			// The function may hear of it first, and its answer come before the client's own time is up.
			inTime := status.Code(err) == codes.DeadlineExceeded || strings.Contains(fmt.Sprint(err), context.DeadlineExceeded.Error()) ||
				strings.Contains(fmt.Sprint(err), "i/o timeout") // while it dials
			if !inTime || time.Since(start) > time.Minute {
				t.Errorf("%s: %v after %v", args[0], err, time.Since(start))
			}
			ctx, cancel = context.WithCancel(t.Context())
			time.AfterFunc(200*time.Millisecond, cancel)
			if _, err = sys.try(ctx, "web", args[0], args[1:]...); status.Code(err) != codes.Canceled {
				t.Errorf("%s: %v", args[0], err)
			}
			// The function is as it was.
			sys.do("web", "nothing")
		}
	})
}

// TestFiles has functions read what is mounted, and know what time it is.
func TestFiles(t *testing.T) {
	ca := newAuthority(t)
	s := setup{mounts: map[string][]string{"web": {ca.file}}, env: map[string][]string{"web": {"TZ=Europe/Oslo"}}}
	both(t, s, func(t *testing.T, sys *system) {
		got := sys.do("web", "file", ca.file)
		if !strings.HasPrefix(got[0], `content: "-----BEGIN CERTIFICATE-----\n`) || got[1] != "read: no error" {
			t.Errorf("got %q", got)
		}
		sys.want(sys.do("web", "file", "/no/such/file"), `content: ""`, `read: "open /no/such/file: no such file or directory" is [ENOENT] timeout=false`)
		sys.want(sys.do("web", "local time", "America/New_York"), "TZ: 2026-09-21T16:13:20+02:00", "America/New_York: 2026-09-21T10:13:20-04:00")
	})
}
