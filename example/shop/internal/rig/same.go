package rig

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"time"
)

var (
	ids   = regexp.MustCompile(`\b(ord|pay|trk)-[A-Z2-7]{26}\b`)
	times = regexp.MustCompile(`"(\d{4}-\d{2}-\d{2}T[0-9:.]+Z)"`)
	lines = regexp.MustCompile(`(?m)^\{.*\}$`)
)

// Comparable takes from a text what differs from run to run: random identifiers become numbers in the order in which they come first,
// in known, which is the caller's; times after start become a number of days; and JSON loses its white space, which protobuf's encoder
// varies on purpose, as its errors do the space that they begin with.
func Comparable(text string, start time.Time, known map[string]string) string {
	text = strings.ReplaceAll(text, "proto:\u00a0", "proto: ")
	text = ids.ReplaceAllStringFunc(text, func(id string) string {
		if known[id] == "" {
			known[id] = fmt.Sprintf("%s#%d", id[:3], len(known)+1)
		}
		return known[id]
	})
	text = times.ReplaceAllStringFunc(text, func(quoted string) string {
		t, err := time.Parse(time.RFC3339, strings.Trim(quoted, `"`))
		if err != nil || t.Before(start) {
			return quoted
		}
		return fmt.Sprintf(`"in %d days"`, int(t.Sub(start)/(24*time.Hour)))
	})
	code, body, ok := strings.Cut(text, " ")
	if !ok {
		return text
	}
	return code + " " + lines.ReplaceAllStringFunc(body, compact)
}

// compact writes a line of JSON in one way.
func compact(line string) string {
	var v any
	decoder := json.NewDecoder(strings.NewReader(line))
	decoder.UseNumber()
	if err := decoder.Decode(&v); err != nil {
		return line
	}
	out, err := json.Marshal(v)
	if err != nil {
		return line
	}
	return string(out)
}
