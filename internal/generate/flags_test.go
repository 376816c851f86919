package generate

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/hostgen"
)

// networkOf is what the lines of functions state.
func networkOf(opts *Options, all []analyzer.Annotated) (map[string]hostgen.Network, error) {
	lines, err := parseLines(all)
	network, err2 := statedNetwork(opts, lines)
	return network, errors.Join(err, err2)
}

func TestStatedNetwork(t *testing.T) {
	all := []analyzer.Annotated{
		{PkgPath: "a/cart", Dir: "/a/cart", File: "/a/cart/main.go", Line: 3, Args: []string{"-q", "-allow", "Cache:6379, *.example.com:443", "-I", "-allow", "-allow=udp:a:1", "-listen", ":9090"}},
		{PkgPath: "a/front", Dir: "/a/front", File: "/a/front/main.go", Line: 5},
	}
	const want = `map[a/cart:{[cache:6379 *.example.com:443 udp:a:1] [9090=:9090]}]`
	for _, opts := range []Options{
		{Dir: "/a"},
		{Dir: "/a/front"},
		{Dir: "/a/cart"},
		{Dir: "/a/cart", Allow: []string{"Cache:6379, *.example.com:443", "udp:a:1"}, Listen: []string{":9090"}}, // go generate
	} {
		got, err := networkOf(&opts, all)
		if err != nil || fmt.Sprint(got) != want {
			t.Errorf("%v: got %v, %v, want %s", opts, got, err, want)
		}
	}
}

func TestStatedNetwork_Errors(t *testing.T) {
	all := []analyzer.Annotated{
		{PkgPath: "a/cart", Dir: "/a/cart", File: "/a/cart/main.go", Line: 3, Args: []string{"-allow", "cache,b:x", "-listen", "x", "-allow", "none"}},
		{PkgPath: "a/front", Dir: "/a/front", File: "/a/front/main.go", Line: 5, Args: []string{"-unknown"}},
		{PkgPath: "a/back", Dir: "/a/back", File: "/a/back/main.go", Line: 7, Args: []string{"-allow", "$CACHE:6379"}},
	}
	_, err := networkOf(&Options{Dir: "/a/cart", Allow: []string{"*"}}, all)
	if err == nil {
		t.Fatal("no error")
	}
	for _, want := range []string{
		`/a/cart/main.go:3: "cache": it has no port; want HOST:PORT, as cache:6379`,
		`/a/cart/main.go:3: "b:x": "x" is no port`,
		`/a/cart/main.go:3: "x": "x" is no port from 0 to 65535`,
		`/a/cart/main.go:3: "none": none is what operators say to leave out what a function states`,
		`/a/front/main.go:5: flag provided but not defined: -unknown`,
		`/a/back/main.go:7: "$CACHE:6379": "$CACHE" has a '$', which names do not have`,
		`-allow and -listen are what a function states of itself: write them into the line //go:generate go tool cofaas-gen of the function, in /a/cart/main.go:3; hosts have flags`,
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got %v\nwhich lacks %s", err, want)
		}
	}
	if _, err := networkOf(&Options{Dir: "/a", Listen: []string{"1"}}, nil); err == nil || !strings.Contains(err.Error(), "cofaas-gen of the function; hosts") {
		t.Errorf("got %v", err)
	}
}
