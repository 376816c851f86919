package rig

import (
	"testing"
	"time"
)

func TestComparable(t *testing.T) {
	start := time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	known := make(map[string]string)
	for _, tt := range []struct{ text, want string }{
		{`200 {"id": "ord-ABCDEFGHIJKLMNOPQRSTUVWXYZ",  "n":1}`, `200 {"id":"ord#1","n":1}`},
		{`200 {"other": "pay-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "id": "ord-ABCDEFGHIJKLMNOPQRSTUVWXYZ"}`, `200 {"id":"ord#1","other":"pay#2"}`},
		{`200 {"at":"2026-11-30T12:00:00.5Z","then":"2026-12-03T12:00:01Z","listed":"2026-01-01T08:00:00Z"}`,
			`200 {"at":"in 0 days","listed":"2026-01-01T08:00:00Z","then":"in 3 days"}`},
		{"200 {\"a\": 1}\n{\"b\": 2}\n", "200 {\"a\":1}\n{\"b\":2}\n"},
		{"404 not JSON", "404 not JSON"},
		{"400 {\"message\":\"proto:\u00a0(line 1:3)\"}", `400 {"message":"proto: (line 1:3)"}`},
		{"", ""},
	} {
		if got := Comparable(tt.text, start, known); got != tt.want {
			t.Errorf("Comparable(%q) = %q, want %q", tt.text, got, tt.want)
		}
	}
}
