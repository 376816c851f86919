//go:build !linux

package host

// threadCPU is the processor time of the calling thread, which is unknown here.
func threadCPU() int64 { return 0 }

// processCPU is the processor time of a process, which is unknown here.
func processCPU(int) int64 { return 0 }
