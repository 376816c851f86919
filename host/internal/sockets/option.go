package sockets

import "time"

// optionValue is what the system is told: keep-alive times are rounded up to seconds, which is what it counts in.
func optionValue(option uint32, value int64) (int, Errno) {
	switch option {
	case optionKeepAlive, optionNoDelay, optionBroadcast:
		if value != 0 {
			return 1, ErrnoSuccess
		}
		return 0, ErrnoSuccess
	case optionReadBuffer, optionWriteBuffer:
		return int(min(max(value, 0), maxBuffer)), ErrnoSuccess
	case optionLinger:
		return int(min(max(value, -1), 1)), ErrnoSuccess // whether, as no time is supported
	case optionKeepAliveIdle, optionKeepAliveInterval:
		seconds := value / int64(time.Second)
		if value%int64(time.Second) > 0 {
			seconds++
		}
		value = seconds
	}
	if value < 0 || value > 1<<31-1 {
		return 0, ErrnoInval
	}
	return int(value), ErrnoSuccess
}
