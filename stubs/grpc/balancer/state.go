package balancer

import "github.com/cofaas/cofaas/stubs/grpc/connectivity"

// ConnectivityStateEvaluator makes one state of those of many connections. It is not safe for concurrent use.
type ConnectivityStateEvaluator struct {
	counts [connectivity.Shutdown]int // by state
}

// RecordTransition counts that a connection changes its state, and returns the state of all. A connection that comes or goes
// changes from or to connectivity.Shutdown.
func (cse *ConnectivityStateEvaluator) RecordTransition(oldState, newState connectivity.State) connectivity.State {
	if oldState >= 0 && oldState < connectivity.Shutdown {
		cse.counts[oldState]--
	}
	if newState >= 0 && newState < connectivity.Shutdown {
		cse.counts[newState]++
	}
	return cse.CurrentState()
}

// CurrentState returns the best state that any connection is in, connectivity.TransientFailure if there is none.
func (cse *ConnectivityStateEvaluator) CurrentState() connectivity.State {
	for _, s := range []connectivity.State{connectivity.Ready, connectivity.Connecting, connectivity.Idle} {
		if cse.counts[s] > 0 {
			return s
		}
	}
	return connectivity.TransientFailure
}
