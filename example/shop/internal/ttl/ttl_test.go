package ttl

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

func TestMap(t *testing.T) {
	m := New[string, int](time.Hour)
	increment := func(n int) (int, error) { return n + 1, nil }
	for want := 1; want <= 3; want++ {
		if got, err := m.Update("a", increment); got != want || err != nil {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
	}
	failure := errors.New("no")
	if got, err := m.Update("a", func(int) (int, error) { return 9, failure }); got != 3 || err != failure {
		t.Errorf("a failed update: %d, %v", got, err)
	}
	if got, ok := m.Get("a"); got != 3 || !ok {
		t.Errorf("got %d, %t", got, ok)
	}
	m.Delete("a")
	if _, ok := m.Get("a"); ok {
		t.Error("a is still there")
	}
}

func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := New[string, int](time.Hour)
		ctx, cancel := context.WithCancel(t.Context())
		forgotten := 0
		go m.SweepEvery(ctx, time.Minute, func(n int) { forgotten += n })
		for _, key := range []string{"used", "unused"} {
			if _, err := m.Update(key, func(int) (int, error) { return 1, nil }); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(45 * time.Minute)
		m.Get("used")
		time.Sleep(45 * time.Minute)
		synctest.Wait()
		if _, ok := m.Get("used"); !ok || forgotten != 1 {
			t.Errorf("%d forgotten, what is used is there: %t", forgotten, ok)
		}
		cancel()
		synctest.Wait()
	})
}
