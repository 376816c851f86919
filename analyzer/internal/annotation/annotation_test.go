package annotation

import "testing"

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
		if got := Find([]byte(test.src)); got != test.want {
			t.Errorf("Find(%q) = %d, want %d", test.src, got, test.want)
		}
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
