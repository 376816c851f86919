package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/cofaas/cofaas/host/internal/sockets"
)

func main() {
	if len(os.Args) > 2 && os.Args[1] == "-exec" {
		p := program{
			file: os.Args[2], args: os.Args[3:], stdout: os.Stdout, stderr: os.Stderr,
			network: sockets.Config{Policy: open{}, MaxDescriptors: 10000},
		}
		code, err := p.run(context.Background())
		if err != nil {
			fmt.Fprintln(os.Stderr, "netstd:", err)
			code = 1
		}
		os.Exit(code)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run tests packages. The result is 0 if all is as expected, 1 if not, and 2 if it could not be found out.
func run(ctx context.Context, packages []string, stdout, stderr io.Writer) int {
	if len(packages) == 0 {
		packages = []string{"net", "net/http"}
	}
	want, err := parseExpected(expected)
	if err == nil {
		var results map[string]*result
		if results, err = test(ctx, packages, stderr); err == nil {
			err = repeat(ctx, stdout, stderr, results, want)
		}
		if err == nil {
			err = report(stdout, packages, results, want)
		}
	}
	if err == nil {
		return 0
	}
	fmt.Fprintln(stderr, "netstd:", err)
	if errors.Is(err, errUnexpected) {
		return 1
	}
	return 2
}
