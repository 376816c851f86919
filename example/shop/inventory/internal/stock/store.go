// Package stock implements shop.inventory.v1.Inventory. Levels are kept in a Store: a database, or memory.
package stock

import (
	"context"
	"embed"
	"encoding/json"
	"fmt"
)

// A Store keeps levels and reservations. It is safe for concurrent use.
type Store interface {
	// Reserve takes all items for an order, and says what is left of each; or takes nothing, and fails with a *ShortageError. An
	// order that has reserved before keeps what it has.
	Reserve(ctx context.Context, order string, items map[string]int32) (left map[string]int32, err error)
	// Release gives back what an order has reserved.
	Release(ctx context.Context, order string) error
	// Level says how many there are. What is not known is 0.
	Level(ctx context.Context, product string) (int32, error)
	// SetLevel says how many there are from now on.
	SetLevel(ctx context.Context, product string, available int32) error
}

// Missing is a product of which there are not enough.
type Missing struct {
	Product           string
	Wanted, Available int32
}

// ShortageError is why nothing was reserved, by product.
type ShortageError []Missing

func (e ShortageError) Error() string {
	return fmt.Sprintf("not enough of %d products, such as %s: %d wanted, %d available", len(e), e[0].Product, e[0].Wanted, e[0].Available)
}

//go:embed seed.json schema.sql
var files embed.FS

// seed returns the levels that a new store has.
func seed() (map[string]int32, error) {
	text, err := files.ReadFile("seed.json")
	if err != nil {
		return nil, err
	}
	var s struct{ Levels map[string]int32 }
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("seed.json: %w", err)
	}
	return s.Levels, nil
}
