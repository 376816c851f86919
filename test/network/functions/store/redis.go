package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"github.com/cofaas/cofaas/test/network/task"
)

// clients are kept from call to call, as programs keep them.
var clients = struct {
	sync.Mutex
	redis map[string]*redis.Client
}{redis: make(map[string]*redis.Client)}

func redisClient(address string) *redis.Client {
	clients.Lock()
	defer clients.Unlock()
	if clients.redis[address] == nil {
		clients.redis[address] = redis.NewClient(&redis.Options{
			Addr: address, PoolSize: 10,
			// A slow machine is not to have commands be sent twice.
			DialTimeout: time.Minute, ReadTimeout: time.Minute, WriteTimeout: time.Minute,
		})
	}
	return clients.redis[address]
}

// redisCommands does a bit of everything, at an address.
func redisCommands(ctx context.Context, r *task.Report, args []string) error {
	c := redisClient(args[0])
	if err := c.FlushAll(ctx).Err(); err != nil {
		return err
	}
	if err := c.Set(ctx, "greeting", "hei", time.Minute).Err(); err != nil {
		return err
	}
	got, err := c.Get(ctx, "greeting").Result()
	r.Addf("get: %q, %v", got, err)
	_, err = c.Get(ctx, "none").Result()
	r.Addf("get of nothing: %v, is nil: %t", err, errors.Is(err, redis.Nil))
	large := strings.Repeat("0123456789abcdef", 1<<16)
	if err := c.Set(ctx, "large", large, 0).Err(); err != nil {
		return err
	}
	got, err = c.Get(ctx, "large").Result()
	r.Addf("get of 1 MiB: equal: %t, %v", got == large, err)

	cmds, err := c.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i := range 500 {
			p.IncrBy(ctx, "counter", int64(i))
		}
		return nil
	})
	if err != nil {
		return err
	}
	r.Addf("pipeline: %d replies, the last %v", len(cmds), cmds[len(cmds)-1])
	err = c.Watch(ctx, func(tx *redis.Tx) error {
		n, err := tx.Get(ctx, "counter").Int()
		if err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(p redis.Pipeliner) error {
			p.Set(ctx, "counter", n+1, 0)
			return nil
		})
		return err
	}, "counter")
	r.Addf("transaction: %v, %v", c.Get(ctx, "counter"), err)
	sum, err := redis.NewScript(`return redis.call("GET", KEYS[1]) + ARGV[1]`).Run(ctx, c, []string{"counter"}, 5).Int()
	r.Addf("script: %d, %v", sum, err)
	r.Failure("wrong type", c.LPush(ctx, "greeting", 1).Err())
	for i := range 300 {
		if err := c.SAdd(ctx, "set", fmt.Sprint(i)).Err(); err != nil {
			return err
		}
	}
	members := 0
	for it := c.SScan(ctx, "set", 0, "", 10).Iterator(); it.Next(ctx); members++ {
	}
	r.Addf("scan: %d members", members)

	subscription := c.Subscribe(ctx, "news")
	defer subscription.Close()
	if _, err := subscription.Receive(ctx); err != nil {
		return err
	}
	if err := c.Publish(ctx, "news", "first").Err(); err != nil {
		return err
	}
	select {
	case m := <-subscription.Channel():
		r.Addf("message: %s %s", m.Channel, m.Payload)
	case <-ctx.Done():
		return ctx.Err()
	}
	return nil
}

// redisPool has many goroutines use one pool.
func redisPool(ctx context.Context, r *task.Report, args []string) error {
	c := redisClient(args[0])
	group, ctx := errgroup.WithContext(ctx)
	for i := range 40 {
		group.Go(func() error {
			key := fmt.Sprint("key-", i)
			for j := range 25 {
				if err := c.Set(ctx, key, j, 0).Err(); err != nil {
					return err
				}
				if n, err := c.Get(ctx, key).Int(); err != nil || n != j {
					return fmt.Errorf("%s: got %d, %v, want %d", key, n, err, j)
				}
			}
			return nil
		})
	}
	err := group.Wait()
	stats := c.PoolStats()
	r.Addf("40 goroutines: %v, at most 10 connections: %t", err, stats.TotalConns <= 10)
	return nil
}

// redisGets measures how long GETs take one after the other, as many as the second argument says.
func redisGets(ctx context.Context, r *task.Report, args []string) error {
	var n int
	if _, err := fmt.Sscan(args[1], &n); err != nil {
		return err
	}
	c := redisClient(args[0])
	if err := c.Set(ctx, "measured", strings.Repeat("x", 100), 0).Err(); err != nil {
		return err
	}
	start := time.Now()
	for range n {
		if err := c.Get(ctx, "measured").Err(); err != nil {
			return err
		}
	}
	r.Took(time.Since(start))
	return nil
}

// redisIdle uses connections that the server may have closed since they were used last.
func redisIdle(ctx context.Context, r *task.Report, args []string) error {
	err := redisClient(args[0]).Incr(ctx, "uses").Err()
	r.Failure("incr", err)
	return nil
}

// redisBlock waits for the elements of a list: of one that nobody fills, then of one that is filled meanwhile.
func redisBlock(ctx context.Context, r *task.Report, args []string) error {
	c := redisClient(args[0])
	if err := c.Del(ctx, "empty", "list").Err(); err != nil {
		return err
	}
	_, err := c.BLPop(ctx, time.Second, "empty").Result()
	r.Addf("nothing comes: %v", err)
	time.AfterFunc(100*time.Millisecond, func() { c.RPush(context.WithoutCancel(ctx), "list", "a", "b") })
	got, err := c.BLPop(ctx, time.Minute, "list").Result()
	r.Addf("something comes: %q, %v", got, err)
	own := redis.NewClient(&redis.Options{Addr: args[0], ContextTimeoutEnabled: true})
	defer own.Close()
	// Before it is given up, the command has to be on its way.
	for _, d := range []time.Duration{200 * time.Millisecond, time.Second, 5 * time.Second} {
		if err := own.Ping(ctx).Err(); err != nil {
			return err
		}
		short, cancel := context.WithTimeout(ctx, d)
		_, err = own.BLPop(short, time.Minute, "empty").Result()
		cancel()
		if failure, ok := errors.AsType[*net.OpError](err); ok && failure.Op == "read" {
			break
		}
	}
	r.Addf("given up: %s", task.Kind(err))
	return nil
}

// redisFail asks a server that is not there, or says nothing, once.
func redisFail(ctx context.Context, r *task.Report, args []string) error {
	c := redis.NewClient(&redis.Options{Addr: args[0], MaxRetries: -1, DialTimeout: time.Minute, ReadTimeout: 500 * time.Millisecond,
		DialerRetries: 1})
	err := c.Get(ctx, "key").Err()
	if slices.Contains(args, "kind") {
		r.Addf("get: %s", task.Kind(err))
	} else {
		r.Failure("get", err)
	}
	return c.Close()
}
