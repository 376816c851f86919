package isolate

import "context"

// turns bounds the large messages that are encoded for a channel at a time: the channel sends one after the other, and what waits for that in
// encoded form only takes memory, and the place of others in the processor's caches. Each channel has its own, since a peer that does not
// read holds those up that send to it.
type turns chan struct{}

// mostTurns lets one message be encoded while another is sent.
const mostTurns = 2

func newTurns() turns { return make(turns, mostTurns) }

// take waits for a turn, which is given back, until ctx ends or closed is closed: then it returns false.
func (t turns) take(ctx context.Context, closed <-chan struct{}) bool {
	select {
	case t <- struct{}{}:
		return true
	case <-ctx.Done():
	case <-closed:
	}
	return false
}

func (t turns) give() { <-t }
