package order

import (
	"context"
	"iter"
	"sync"

	"google.golang.org/protobuf/types/known/timestamppb"

	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
)

// progress is what has happened to an order. It is safe for concurrent use.
type progress struct {
	mu      sync.Mutex
	events  []*checkoutv1.OrderEvent
	ended   bool
	changed chan struct{} // closed with the next change
}

func newProgress() *progress { return &progress{changed: make(chan struct{})} }

// add notes an event, which nobody may change from then on.
func (p *progress) add(kind checkoutv1.OrderEvent_Kind, note string) {
	p.update(func() {
		p.events = append(p.events, &checkoutv1.OrderEvent{Kind: kind, At: timestamppb.Now(), Note: note})
	})
}

// end says that nothing more will happen.
func (p *progress) end() { p.update(func() { p.ended = true }) }

func (p *progress) update(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	close(p.changed)
	p.changed = make(chan struct{})
}

// follow returns all events, as they happen. The last pair has an error if ctx is done before the end.
func (p *progress) follow(ctx context.Context) iter.Seq2[*checkoutv1.OrderEvent, error] {
	return func(yield func(*checkoutv1.OrderEvent, error) bool) {
		for seen := 0; ; {
			p.mu.Lock()
			news, ended, changed := p.events[seen:], p.ended, p.changed
			p.mu.Unlock()
			for _, event := range news {
				if !yield(event, nil) {
					return
				}
			}
			seen += len(news)
			if ended {
				return
			}
			select {
			case <-changed:
			case <-ctx.Done():
				yield(nil, context.Cause(ctx))
				return
			}
		}
	}
}
