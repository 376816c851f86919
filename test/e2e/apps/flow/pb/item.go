package pb

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"strings"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"
)

// NewItem returns an item that has something of everything, with data of a size. Equal numbers and sizes make equal items.
func NewItem(id int64, size int) *Item {
	item := &Item{Id: id, Data: make([]byte, size), Text: fmt.Sprintf("item %d", id), Numbers: []int32{int32(id), -1}}
	for i := range item.Data {
		item.Data[i] = byte(int(id) + i)
	}
	if id%3 == 0 {
		item.Words = []string{"a", "", strings.Repeat("é", int(id%50))}
		item.Part = &Item_Part{Text: "part", Blobs: [][]byte{nil, item.Data[:size/2]}}
		item.Flags = map[string]bool{"odd": id%2 == 1}
	}
	return item
}

// Digest sums items up.
type Digest struct {
	hash hash.Hash
	sum  Sum
	last time.Time
}

// NewDigest returns a digest of no items.
func NewDigest() *Digest { return &Digest{hash: sha256.New()} }

// Add adds the next item.
func (d *Digest) Add(item *Item) error {
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(item)
	if err != nil {
		return err
	}
	d.hash.Write(b)
	now := time.Now()
	d.sum.Count++
	d.sum.GapMs = now.Sub(d.last).Milliseconds()
	d.last = now
	return nil
}

// Sum returns what there is so far.
func (d *Digest) Sum() *Sum {
	return &Sum{Count: d.sum.Count, GapMs: d.sum.GapMs, Digest: fmt.Sprintf("%x", d.hash.Sum(nil)[:8])}
}

// computed is what Compute has computed, which the compiler does not know to be of no use.
var computed atomic.Uint64

// Compute computes for a time, without waiting for anything.
func Compute(d time.Duration) {
	var x uint64
	for end := time.Now().Add(d); time.Now().Before(end); {
		for range 100 {
			x = x*6364136223846793005 + 1
		}
	}
	computed.Store(x)
}
