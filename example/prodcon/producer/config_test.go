package main

import (
	"strings"
	"testing"
)

func TestLoadConfig(t *testing.T) {
	defaults := config{address: ":50051", consumer: "localhost:50052", size: 1024, repeats: 1, dialOnce: true}
	with := func(change func(*config)) config {
		c := defaults
		change(&c)
		return c
	}
	tests := []struct {
		name string
		env  map[string]string
		want config
	}{
		{"defaults", nil, defaults},
		{"fraction", map[string]string{"TRANSFER_SIZE_KB": "0.5"}, with(func(c *config) { c.size = 512 })},
		{"nothing", map[string]string{"TRANSFER_SIZE_KB": "0"}, with(func(c *config) { c.size = 0 })},
		{"bytes", map[string]string{"TRANSFER_SIZE_BYTES": "1500"}, with(func(c *config) { c.size = 1500 })},
		{
			"all",
			map[string]string{
				"ADDRESS": ":1", "CONSUMER_ADDRESS": "dns:///c:2", "TRANSFER_SIZE_KB": "16", "REPEATS": "7", "DIAL": "request",
			},
			config{address: ":1", consumer: "dns:///c:2", size: 16384, repeats: 7, dialOnce: false},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := loadConfig(func(key string) string { return tt.env[key] })
			if err != nil || got != tt.want {
				t.Errorf("got %+v, %v; want %+v", got, err, tt.want)
			}
		})
	}
}

func TestLoadConfig_Errors(t *testing.T) {
	tests := []struct {
		name string
		env  map[string]string
		want []string
	}{
		{"not a number", map[string]string{"TRANSFER_SIZE_KB": "NaN"}, []string{`TRANSFER_SIZE_KB="NaN": want a number`}},
		{"too large", map[string]string{"TRANSFER_SIZE_KB": "2097152"}, []string{"TRANSFER_SIZE_KB"}},
		{"negative", map[string]string{"TRANSFER_SIZE_BYTES": "-1"}, []string{`TRANSFER_SIZE_BYTES="-1": want a whole number`}},
		{"both sizes", map[string]string{"TRANSFER_SIZE_BYTES": "1", "TRANSFER_SIZE_KB": "1"}, []string{"set only one"}},
		{
			"all at once",
			map[string]string{"TRANSFER_SIZE_KB": "x", "REPEATS": "-1", "DIAL": "never"},
			[]string{`TRANSFER_SIZE_KB="x"`, `REPEATS="-1"`, `DIAL="never": want once or request`},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := loadConfig(func(key string) string { return tt.env[key] })
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q lacks %q", err, want)
				}
			}
		})
	}
}
