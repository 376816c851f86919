package config

import (
	"flag"
	"strings"
	"testing"
)

func TestStringVar(t *testing.T) {
	for _, tt := range []struct {
		env  string
		args []string
		want string
	}{{"", nil, "default"}, {"env", nil, "env"}, {"env", []string{"-name", "flag"}, "flag"}} {
		t.Setenv("SHOP_TEST_NAME", tt.env)
		set := flag.NewFlagSet("test", flag.ContinueOnError)
		var got string
		StringVar(set, &got, "name", "SHOP_TEST_NAME", "default", "a name")
		if err := set.Parse(tt.args); err != nil || got != tt.want {
			t.Errorf("env %q, args %q: got %q, %v, want %q", tt.env, tt.args, got, err, tt.want)
		}
	}
}

func TestLoad(t *testing.T) {
	type settings struct {
		Name string `env:"SHOP_TEST_NAME" envDefault:"default"`
		Must string `env:"SHOP_TEST_MUST,required"`
	}
	if _, err := Load[settings](); err == nil || !strings.Contains(err.Error(), "SHOP_TEST_MUST") {
		t.Errorf("without a required variable: %v", err)
	}
	t.Setenv("SHOP_TEST_MUST", "x")
	if got, err := Load[settings](); err != nil || got != (settings{"default", "x"}) {
		t.Errorf("got %+v, %v", got, err)
	}
}
