package sockets

import (
	"slices"
	"sync"
)

// queue is a bounded queue between a goroutine that may wait and sockets that may not. Its other end is on which side the goroutine is not.
type queue[T any] struct {
	direction direction // what sockets do with it

	mu       sync.Mutex
	change   sync.Cond // what the goroutine waits for
	items    []T
	closed   bool
	attached []*waiter // replaced, never changed
}

func newQueue[T any](d direction) *queue[T] {
	q := &queue[T]{direction: d}
	q.change.L = &q.mu
	return q
}

// attach adds one who is woken when a socket could go on, or everybody was told something.
func (q *queue[T]) attach(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.attached = append(slices.Clip(q.attached), w)
}

func (q *queue[T]) detach(w *waiter) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.attached = slices.DeleteFunc(slices.Clone(q.attached), func(a *waiter) bool { return a == w })
}

func (q *queue[T]) wake() {
	q.mu.Lock()
	attached := q.attached
	q.mu.Unlock()
	for _, w := range attached {
		w.wake(q.direction)
	}
}

// close ends what waits. Items that are left can still be taken.
func (q *queue[T]) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.change.Broadcast()
}

// put waits until there is room. It returns false if the queue was closed.
func (q *queue[T]) put(item T) bool {
	q.mu.Lock()
	for len(q.items) >= pumpQueue && !q.closed {
		q.change.Wait()
	}
	closed := q.closed
	if !closed {
		q.items = append(q.items, item)
	}
	q.mu.Unlock()
	if !closed {
		q.wake()
	}
	return !closed
}

// get waits for an item. It returns false if there is none and the queue was closed.
func (q *queue[T]) get() (item T, ok bool) {
	q.mu.Lock()
	for len(q.items) == 0 && !q.closed {
		q.change.Wait()
	}
	item, ok = q.next()
	q.mu.Unlock()
	if ok {
		q.wake()
	}
	return item, ok
}

// tryPut is put that does not wait.
func (q *queue[T]) tryPut(item T) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) >= pumpQueue || q.closed {
		return false
	}
	q.items = append(q.items, item)
	q.change.Broadcast()
	return true
}

// tryGet is get that does not wait.
func (q *queue[T]) tryGet() (item T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	item, ok = q.next()
	q.change.Broadcast()
	return item, ok
}

// next needs q.mu.
func (q *queue[T]) next() (item T, ok bool) {
	if len(q.items) == 0 {
		return item, false
	}
	item = q.items[0]
	q.items = slices.Delete(q.items, 0, 1)
	return item, true
}

// ready says whether a socket could go on.
func (q *queue[T]) ready() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.direction == reading {
		return len(q.items) > 0
	}
	return len(q.items) < pumpQueue
}
