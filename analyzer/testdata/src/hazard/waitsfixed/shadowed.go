package main

func init() {
	runtime := false
	for !ready.Load() && !runtime { // want `loop that waits`
	}
}
