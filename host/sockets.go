package host

import (
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/wasi"
)

// Sockets implements wasi.Guest. An instance has no table until it makes a socket or looks a name up, and pays for none.
func (i *instance) Sockets(make bool) *sockets.Table {
	if i.sockets == nil && make {
		i.openSockets()
	}
	return i.sockets
}

func (i *instance) openSockets() {
	news := make(chan struct{}, 1)
	i.socketNews = news
	i.sockets = i.fn.network.NewTable(func() {
		select {
		case news <- struct{}{}:
		default: // it has not seen the last
		}
		if i.resume != nil {
			i.fn.pool.post(i, event{eventWake, 0})
		}
	})
}

// answerSockets answers the subscriptions whose sockets are ready. It reports whether there are any.
func (i *instance) answerSockets(p *wasi.Poll) bool {
	for _, s := range i.subs.sockets {
		if ready, _ := i.sockets.Ready(s.fd, s.write); ready {
			p.Answer(s.place, 0)
		}
	}
	return p.Answered() > 0
}

// awaitSockets sees to it that the guest runs when one of the sockets is ready for which it waits, and forgets about others.
func (i *instance) awaitSockets() {
	if i.sockets == nil {
		return
	}
	i.sockets.Disarm()
	for _, s := range i.subs.sockets {
		i.sockets.Await(s.fd, s.write)
	}
}
