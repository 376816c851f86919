package grpc

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"time"
)

// checkGoroutines checks that there are no more goroutines than before. Those of other tests may come, and go soon; those that are looked for
// would stay.
func checkGoroutines(t *testing.T, before int) {
	t.Helper()
	for end := time.Now().Add(patience / 4); runtime.NumGoroutine() > before; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Errorf("%d goroutines have been started", runtime.NumGoroutine()-before)
			return
		}
	}
}

func TestContext(t *testing.T) {
	m := &servedMethod{server: NewServer(), fullMethod: fullName}
	t.Run("deadline without Done", func(t *testing.T) {
		var c *serverContext
		for limit := 5 * time.Millisecond; ; limit *= 4 {
			deadline := time.Now().Add(limit)
			c = newServerContext(m, &nopCall{}, deadline.UnixNano())
			_, ok := c.Deadline()
			err := c.Err()
			if err != nil && limit < patience && time.Now().UnixNano() >= deadline.UnixNano() {
				continue // It has really passed meanwhile.
			}
			if !ok || err != nil {
				t.Fatal("done too early")
			}
			if c.extra != nil {
				t.Error("Err and Deadline cost an allocation")
			}
			// By the clock on the wall, as the deadline is, which may be set.
			for end := time.Now().Add(patience); c.Err() == nil && time.Now().Before(end); {
				time.Sleep(time.Millisecond)
			}
			break
		}
		if c.Err() != context.DeadlineExceeded {
			t.Errorf("got %v", c.Err())
		}
		c.finish()
		if c.Err() != context.DeadlineExceeded {
			t.Errorf("the reason changed to %v", c.Err())
		}
		<-c.Done()
	})
	t.Run("timer", func(t *testing.T) {
		c := newServerContext(m, &nopCall{}, time.Now().Add(5*time.Millisecond).UnixNano())
		<-c.Done()
		if c.Err() != context.DeadlineExceeded {
			t.Errorf("got %v", c.Err())
		}
	})
	t.Run("past deadline", func(t *testing.T) {
		c := newServerContext(m, &nopCall{}, 1)
		<-c.Done()
	})
	t.Run("Done after the handler", func(t *testing.T) {
		c := newServerContext(m, &nopCall{}, 0)
		c.finish()
		<-c.Done()
		if c.Err() != context.Canceled || context.Cause(c) != context.Canceled {
			t.Errorf("got %v", c.Err())
		}
	})
	t.Run("children need no goroutine", func(t *testing.T) {
		c := newServerContext(m, &nopCall{}, 0)
		before := runtime.NumGoroutine()
		var children []context.Context
		for range 10 {
			child, cancel := context.WithCancel(c)
			defer cancel()
			children = append(children, child)
		}
		gone, cancel := context.WithCancel(c)
		cancel()
		checkGoroutines(t, before)
		if n := len(c.extra.callbacks); n != 10 {
			t.Errorf("%d callbacks, one was stopped", n)
		}
		c.finish()
		for _, child := range append(children, gone) {
			if child.Err() != context.Canceled {
				t.Error("a child is not done")
			}
		}
	})
	t.Run("AfterFunc", func(t *testing.T) {
		c := newServerContext(m, &nopCall{}, 0)
		n := 0
		stop := c.AfterFunc(func() { n += 100 })
		c.AfterFunc(func() { n++ })
		if !stop() || stop() {
			t.Error("stop works once")
		}
		c.finish()
		late := make(chan struct{})
		if stop := c.AfterFunc(func() { close(late) }); stop() || n != 1 {
			t.Errorf("n = %d", n)
		}
		<-late
	})
	t.Run("hammer", func(t *testing.T) {
		for range 200 {
			c := newServerContext(m, &nopCall{}, time.Now().Add(time.Millisecond).UnixNano())
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					child, cancel := context.WithCancel(c)
					defer cancel()
					SetHeader(c, map[string][]string{"a": {"1"}})
					<-child.Done()
				})
			}
			wg.Go(func() { c.finish() })
			wg.Wait()
		}
	})
}
