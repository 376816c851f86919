package annotation

import (
	"fmt"
	"testing"
)

func TestFind(t *testing.T) {
	tests := []struct {
		src  string
		want int
	}{
		{"//go:generate go tool cofaas-gen", 1},
		{"package main\r\n\r\n//go:generate go tool cofaas-gen -v\r\n", 3},
		{"//go:generate cofaas-gen", 1},
		{"//go:generate go tool github.com/cofaas/cofaas/cmd/cofaas-gen", 1},
		{"//go:generate go run github.com/cofaas/cofaas/cmd/cofaas-gen@v1.0.0 -v", 1},
		{"//go:generate go run -mod=mod github.com/cofaas/cofaas/cmd/cofaas-gen", 1},

		{"", 0},
		{"package main // cofaas-gen", 0},
		{" //go:generate go tool cofaas-gen", 0},
		{"// go:generate go tool cofaas-gen", 0},
		{"//go:generated go tool cofaas-gen", 0},
		{"//go:generate echo cofaas-gen", 0},
		{"//go:generate go tool cofaas-gen-other", 0},
		{"//go:generate", 0},
	}
	for _, test := range tests {
		if got, _ := Find([]byte(test.src)); got != test.want {
			t.Errorf("Find(%q) = %d, want %d", test.src, got, test.want)
		}
	}
}

func TestArgs(t *testing.T) {
	for line, want := range map[string]string{
		"//go:generate go tool cofaas-gen":                                       `[]`,
		"//go:generate go tool -modfile=x cofaas-gen -allow a:1,*.b:2 \t-q":      `["-allow" "a:1,*.b:2" "-q"]`,
		`//go:generate cofaas-gen -allow "unix:/run/a b" -listen "9\x30" $DIR`:   `["-allow" "unix:/run/a b" "-listen" "90" "$DIR"]`,
		`//go:generate go run cofaas-gen@v1.0.0 "-allow=a:1" "unterminated b "`:  `["-allow=a:1" "unterminated b "]`,
		`//go:generate go run github.com/cofaas/cofaas/cmd/cofaas-gen "open a:1`: `["\"open" "a:1"]`,
	} {
		got, ok := Args(line)
		if !ok || fmt.Sprintf("%q", got) != want {
			t.Errorf("Args(%q) = %q, %t, want %s", line, got, ok, want)
		}
		if found, args := Find([]byte("package main\r\n" + line + "\r\n")); found != 2 || fmt.Sprintf("%q", args) != want {
			t.Errorf("Find(%q) = %d, %q", line, found, args)
		}
	}
	if args, ok := Args("//go:generate echo cofaas-gen"); ok {
		t.Errorf("got %q of another command", args)
	}
}

func TestMeant(t *testing.T) {
	for line, want := range map[string]bool{
		"//go:generate go tool cofaas-gen":     true,
		"// go:generate go tool cofaas-gen":    true,
		"//\tgo:generate go tool cofaas-gen":   true,
		"//\t//go:generate go tool cofaas-gen": false, // in a text about it
		"// go:generate go tool other":         false,
		"// run go tool cofaas-gen":            false,
		"/* go:generate go tool cofaas-gen */": false,
	} {
		if got := Meant(line); got != want {
			t.Errorf("Meant(%q) = %t, want %t", line, got, want)
		}
	}
}
