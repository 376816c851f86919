package results

import (
	"fmt"
	"os"
	"runtime/debug"
)

// Tool tells builds of the running command apart, also those of one version, by the file that is being run. It is what details of a
// [Key] begin with.
func Tool() string {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	exe, err := os.Executable()
	if err != nil {
		return version
	}
	info, err := os.Stat(exe)
	if err != nil {
		return version
	}
	return fmt.Sprintf("%s %d %d", version, info.Size(), info.ModTime().UnixNano())
}
