package loader

import (
	"os"
	"runtime/debug"
)

// RelaxGC has the collector run less often until the function that it returns is called: loading allocates much, and nearly all of it
// stays. A GOGC of the user's counts. It is for commands.
func RelaxGC() (restore func()) {
	if os.Getenv("GOGC") != "" {
		return func() {}
	}
	old := debug.SetGCPercent(400)
	return func() { debug.SetGCPercent(old) }
}
