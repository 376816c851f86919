package stock

import (
	"bytes"
	"log/slog"
	"net"
	"strings"
	"testing"
)

// TestCached_Down has a cache that cannot be reached: the store is asked, and the operator told.
func TestCached_Down(t *testing.T) {
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := lis.Addr().String()
	if err := lis.Close(); err != nil {
		t.Fatal(err)
	}
	memory, err := NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer
	c, err := NewCached(memory, "redis://"+address+"/0", slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetLevel(t.Context(), "mug", 5); err != nil {
		t.Error(err)
	}
	if _, err := c.Reserve(t.Context(), "order", map[string]int32{"mug": 2}); err != nil {
		t.Error(err)
	}
	if n, err := c.Level(t.Context(), "mug"); err != nil || n != 3 {
		t.Errorf("got %d, %v", n, err)
	}
	if err := c.Release(t.Context(), "order"); err != nil {
		t.Error(err)
	}
	if n := strings.Count(log.String(), "the cache of levels fails"); n != 4 {
		t.Errorf("%d complaints:\n%s", n, &log)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
}

func TestNewCached_Errors(t *testing.T) {
	if _, err := NewCached(nil, "http://cache", slog.Default()); err == nil || !strings.HasPrefix(err.Error(), "REDIS_URL: ") {
		t.Errorf("got %v", err)
	}
}
