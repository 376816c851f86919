package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/bradfitz/gomemcache/memcache"
	"golang.org/x/sync/errgroup"

	"github.com/cofaas/cofaas/test/network/task"
)

// memcacheCommands does a bit of everything, at an address.
func memcacheCommands(_ context.Context, r *task.Report, args []string) error {
	c := memcache.New(args[0])
	c.Timeout = 30 * time.Second
	defer c.Close()
	if err := c.FlushAll(); err != nil {
		return err
	}
	if err := c.Set(&memcache.Item{Key: "greeting", Value: []byte("hei"), Flags: 7}); err != nil {
		return err
	}
	got, err := c.Get("greeting")
	if err != nil {
		return err
	}
	r.Addf("get: %q, flags %d", got.Value, got.Flags)
	_, err = c.Get("none")
	r.Addf("miss: %v", err)
	r.Addf("add: %v", c.Add(&memcache.Item{Key: "greeting", Value: []byte("hello")}))
	got.Value = []byte("hallo")
	r.Addf("compare and swap: %v", c.CompareAndSwap(got))
	r.Addf("compare and swap again: %v", c.CompareAndSwap(got))
	if err := c.Set(&memcache.Item{Key: "n", Value: []byte("41")}); err != nil {
		return err
	}
	n, err := c.Increment("n", 1)
	r.Addf("increment: %d, %v", n, err)
	r.Addf("large: %v", c.Set(&memcache.Item{Key: "large", Value: make([]byte, 900<<10)}))
	group := new(errgroup.Group)
	group.SetLimit(20)
	for i := range 200 {
		group.Go(func() error { return c.Set(&memcache.Item{Key: fmt.Sprint("key-", i), Value: []byte(fmt.Sprint(i))}) })
	}
	r.Addf("many: %v", group.Wait())
	many, err := c.GetMulti([]string{"key-1", "key-100", "key-199", "key-200", "large"})
	r.Addf("multi: %d items, %v", len(many), err)
	r.Addf("delete: %v, %v", c.Delete("n"), c.Delete("n"))
	return nil
}

// memcacheFail asks a server that is not there, or says nothing.
func memcacheFail(_ context.Context, r *task.Report, args []string) error {
	var err error
	for _, d := range []time.Duration{500 * time.Millisecond, 5 * time.Second, 20 * time.Second} {
		c := memcache.New(args[0])
		c.Timeout = d
		_, err = c.Get("key")
		if err := c.Close(); err != nil {
			return err
		}
		// One timeout is for all, and a server that says nothing is there to be dialled.
		failure, ok := errors.AsType[*net.OpError](err)
		if ok && (failure.Op == "read" || !failure.Timeout()) {
			break
		}
	}
	r.Failure("get", err)
	return nil
}
