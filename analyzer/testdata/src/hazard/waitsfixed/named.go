package main

import rt "runtime"

func init() {
	rt.GC()
	for { // want `loop that waits`
		select {
		case <-results:
			return
		default:
			continue
		}
	}
}
