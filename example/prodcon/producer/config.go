package main

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"strconv"
)

// config is what the environment says.
type config struct {
	address  string // where to listen
	consumer string // gRPC target
	size     int    // bytes per transfer; the consumer refuses 0, which makes an error easy to get
	repeats  int    // transfers per greeting
	dialOnce bool
}

// maxSize is what the length of a reply can express.
const maxSize = math.MaxInt32

// loadConfig reads the variables that the package comment lists. It reports all errors, not just the first.
func loadConfig(getenv func(string) string) (config, error) {
	size, err := transferSize(getenv("TRANSFER_SIZE_KB"), getenv("TRANSFER_SIZE_BYTES"))
	errs := []error{err}

	repeats, err := strconv.ParseUint(cmp.Or(getenv("REPEATS"), "1"), 10, 31)
	if err != nil {
		errs = append(errs, fmt.Errorf("REPEATS=%q: want a count of 0 or more", getenv("REPEATS")))
	}

	dial := cmp.Or(getenv("DIAL"), "once")
	if dial != "once" && dial != "request" {
		errs = append(errs, fmt.Errorf("DIAL=%q: want once or request", dial))
	}

	return config{
		address:  cmp.Or(getenv("ADDRESS"), ":50051"),
		consumer: cmp.Or(getenv("CONSUMER_ADDRESS"), "localhost:50052"),
		size:     size,
		repeats:  int(repeats),
		dialOnce: dial == "once",
	}, errors.Join(errs...)
}

// transferSize returns the bytes that the two variables, as strings, stand for. Fractions of a byte are rounded.
func transferSize(kb, bytes string) (int, error) {
	switch {
	case kb != "" && bytes != "":
		return 0, errors.New("TRANSFER_SIZE_KB and TRANSFER_SIZE_BYTES: set only one of them")
	case bytes != "":
		n, err := strconv.ParseUint(bytes, 10, 31)
		if err != nil {
			return 0, fmt.Errorf("TRANSFER_SIZE_BYTES=%q: want a whole number from 0 to %d", bytes, maxSize)
		}
		return int(n), nil
	default:
		n, err := strconv.ParseFloat(cmp.Or(kb, "1"), 64)
		n = math.Round(n * 1024)
		if err != nil || !(n >= 0 && n <= maxSize) { // negated, so that NaN is refused
			return 0, fmt.Errorf("TRANSFER_SIZE_KB=%q: want a number from 0 to %d", kb, maxSize/1024)
		}
		return int(n), nil
	}
}
