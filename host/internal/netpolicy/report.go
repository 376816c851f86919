package netpolicy

import (
	"log/slog"
	"strings"
	"sync"
	"time"
)

const (
	// LogInterval is how long a refusal that has been logged is not logged again.
	LogInterval = 10 * time.Minute
	// maxLogged is how many refusals are logged per function and interval, whatever guests invent. More are counted.
	maxLogged = 100
)

// reporter logs what a policy refuses.
type reporter struct {
	log      *slog.Logger
	function string
	now      func() time.Time

	mu      sync.Mutex
	last    map[string]time.Time // when a refusal was logged
	dropped int                  // refusals since then that were not, for want of room
}

// report logs that a function "may not connect to cache:6379" or the like. The entry is what would allow it, or empty.
func (r *reporter) report(what, entry string) {
	if r.log == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	if last, ok := r.last[what]; ok && now.Sub(last) < LogInterval {
		return
	}
	if len(r.last) >= maxLogged {
		for key, last := range r.last {
			if now.Sub(last) >= LogInterval {
				delete(r.last, key)
			}
		}
		if len(r.last) >= maxLogged {
			r.dropped++
			return
		}
	}
	r.last[what] = now
	attrs := []any{"function", r.function}
	if entry != "" {
		attrs = append(attrs, "allow", Flag("allow", r.function+"="+entry))
	}
	if r.dropped > 0 {
		attrs = append(attrs, "unreported", r.dropped)
		r.dropped = 0
	}
	r.log.Warn("the policy refused: the function "+what, attrs...)
}

// Flag writes a flag as one would type it: -allow cart=cache:6379.
func Flag(name, value string) string { return "-" + name + " " + shellQuote(value) }

// shellQuote quotes a word for POSIX shells if it has to be.
func shellQuote(s string) string {
	safe := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("-_=:.,/@%+", c)
	}
	if s != "" && strings.IndexFunc(s, func(c rune) bool { return !safe(c) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
