package localtime

import (
	"os"
	"strings"
	"time"
)

// Package time knows of no local time on wasip1: zoneinfo_wasip1.go leaves it at UTC. The host gives guests what other systems have, and
// it is taken as there (zoneinfo_unix.go): the variable TZ, or else /etc/localtime.
func init() {
	_ = time.Local.String() // so that package time does not initialize it again
	if loc := localTime(); loc != nil {
		*time.Local = *loc // what was made before has the pointer
	}
}

func localTime() *time.Location {
	tz, set := os.LookupEnv("TZ")
	tz = strings.TrimPrefix(tz, ":")
	name, file := "Local", "/etc/localtime"
	switch {
	case set && (tz == "" || tz == "UTC"):
		return nil
	case set && tz[0] != '/':
		loc, err := time.LoadLocation(tz)
		if err != nil {
			return nil
		}
		return loc
	case set && tz != file:
		name, file = tz, tz
	}
	data, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	loc, err := time.LoadLocationFromTZData(name, data)
	if err != nil {
		return nil
	}
	return loc
}
