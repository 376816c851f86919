package stock

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

const (
	// levelsKey is a hash: what is left, by product.
	levelsKey = "inventory:levels"
	// keepLevels bounds how long a level can be wrong that was read before, and cached after, somebody changed it.
	keepLevels = 10 * time.Second
	// patience is how long the cache may take, which is there to be quicker than the store.
	patience = time.Second
)

// Cached is a Store with the levels of another in Redis, for all instances of the function. What changes a level has it forgotten. If Redis
// fails, the store is asked.
type Cached struct {
	Store
	redis *redis.Client
	log   *slog.Logger
}

// NewCached puts the Redis at a URL, as redis://host:6379/0, in front of a store. The caller closes it, and then the store.
func NewCached(store Store, url string, log *slog.Logger) (*Cached, error) {
	opts, err := redis.ParseURL(url)
	if err != nil {
		return nil, fmt.Errorf("REDIS_URL: %w", err)
	}
	opts.DialTimeout = cmp.Or(opts.DialTimeout, patience)
	opts.ReadTimeout = cmp.Or(opts.ReadTimeout, patience)
	return &Cached{Store: store, redis: redis.NewClient(opts), log: log}, nil
}

// Close closes the connections to Redis.
func (c *Cached) Close() error { return c.redis.Close() }

func (c *Cached) Level(ctx context.Context, product string) (int32, error) {
	n, err := c.redis.HGet(ctx, levelsKey, product).Int()
	if err == nil {
		return int32(n), nil
	}
	down := !errors.Is(err, redis.Nil)
	if down {
		c.complain(ctx, err)
	}
	available, err := c.Store.Level(ctx, product)
	if err != nil || down {
		return available, err
	}
	_, err = c.redis.Pipelined(ctx, func(p redis.Pipeliner) error {
		p.HSet(ctx, levelsKey, product, available)
		p.Expire(ctx, levelsKey, keepLevels)
		return nil
	})
	if err != nil {
		c.complain(ctx, err)
	}
	return available, nil
}

func (c *Cached) Reserve(ctx context.Context, order string, items map[string]int32) (map[string]int32, error) {
	left, err := c.Store.Reserve(ctx, order, items)
	if err == nil && len(items) > 0 {
		c.forget(ctx, c.redis.HDel(ctx, levelsKey, slices.Collect(maps.Keys(items))...))
	}
	return left, err
}

func (c *Cached) Release(ctx context.Context, order string) error {
	if err := c.Store.Release(ctx, order); err != nil {
		return err
	}
	c.forget(ctx, c.redis.Del(ctx, levelsKey)) // of which products, the store knows
	return nil
}

func (c *Cached) SetLevel(ctx context.Context, product string, available int32) error {
	if err := c.Store.SetLevel(ctx, product, available); err != nil {
		return err
	}
	c.forget(ctx, c.redis.HDel(ctx, levelsKey, product))
	return nil
}

// forget looks at how a deletion ended: what stays in the cache, does not for long.
func (c *Cached) forget(ctx context.Context, deleted *redis.IntCmd) {
	if err := deleted.Err(); err != nil {
		c.complain(ctx, err)
	}
}

func (c *Cached) complain(ctx context.Context, err error) {
	c.log.WarnContext(ctx, "the cache of levels fails", "error", err)
}
