// Demo runs the shop twice, natively and consolidated, sends both the same requests by way of the HTTP gateway, and prints both side by
// side.
//
//	go run ./demo [-n 200] [-v]
//
// It builds the functions and the storefront's host, whose guests go generate must have built, starts them on free ports of the
// loopback interface, and stops them in the end.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/cofaas/cofaas/example/shop/internal/rig"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// run is main without the process: it returns the exit code, 2 for wrong usage and 1 for what fails or differs.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	set := flag.NewFlagSet("demo", flag.ContinueOnError)
	set.SetOutput(stderr)
	n := set.Int("n", 200, "orders")
	verbose := set.Bool("v", false, "show what functions log")
	if err := set.Parse(args); errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		return 2
	}
	if *n < 1 || set.NArg() > 0 {
		fmt.Fprintln(stderr, "demo: want -n of at least 1 and no arguments")
		return 2
	}
	logs := io.Discard
	if *verbose {
		logs = stderr
	}
	if err := compare(ctx, *n, stdout, logs); err != nil {
		fmt.Fprintln(stderr, "demo:", err)
		return 1
	}
	return 0
}

func compare(ctx context.Context, n int, out, logs io.Writer) error {
	dir, err := os.MkdirTemp("", "shop-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := rig.Build(ctx, dir, "storefront"); err != nil {
		return err
	}
	fmt.Fprintf(out, "%d orders, of two products each, by way of the gateway\n\n", n)
	native, err := measure(ctx, n, func() (*rig.Shop, error) { return rig.Native(ctx, dir, logs) })
	if err != nil {
		return fmt.Errorf("native: %w", err)
	}
	host, err := measure(ctx, n, func() (*rig.Shop, error) { return rig.Host(ctx, dir, "storefront", logs) })
	if err != nil {
		return fmt.Errorf("consolidated: %w", err)
	}

	fmt.Fprintf(out, "%-24s %12s %12s %10s\n", "median time", "native", "consolidated", "gain")
	fmt.Fprintf(out, "%-24s %12d %12d\n", "processes", native.processes, host.processes)
	for _, name := range steps {
		a, b := median(native.times[name]), median(host.times[name])
		fmt.Fprintf(out, "%-24s %12v %12v %9.1fx\n", name, a.Round(time.Microsecond), b.Round(time.Microsecond), float64(a)/float64(b))
	}
	for i, want := range native.answers {
		if host.answers[i] != want {
			return fmt.Errorf("answers differ: natively\n%s\nconsolidated\n%s", want, host.answers[i])
		}
	}
	fmt.Fprintf(out, "\nall %d answers are equal\n", len(native.answers))
	return nil
}

// steps are what a customer does for an order.
var steps = []string{"list products", "put into cart", "look at cart", "place order", "follow order"}

// result is what the customers saw.
type result struct {
	processes int
	answers   []string // comparable
	times     map[string][]time.Duration
}

func median(times []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(times))[len(times)/2]
}

// measure has customers order, one after the other.
func measure(ctx context.Context, n int, start func() (*rig.Shop, error)) (*result, error) {
	begin := time.Now()
	shop, err := start()
	if err != nil {
		return nil, err
	}
	defer shop.Stop()
	r := &result{processes: shop.Processes, times: make(map[string][]time.Duration)}
	known := make(map[string]string)
	step := func(name string, do func() (string, error)) (string, error) {
		at := time.Now()
		answer, err := do()
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		r.times[name] = append(r.times[name], time.Since(at))
		r.answers = append(r.answers, name+": "+rig.Comparable(answer, begin, known))
		if !strings.HasPrefix(answer, "200 ") {
			return "", fmt.Errorf("%s: %s", name, answer)
		}
		return answer[len("200 "):], nil
	}
	for i := range n {
		if err := order(ctx, shop, fmt.Sprintf("customer-%d", i), step); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// order is one customer.
func order(ctx context.Context, shop *rig.Shop, user string, step func(string, func() (string, error)) (string, error)) error {
	if _, err := step("list products", func() (string, error) { return shop.Get(ctx, user, "/v1/products?category=CATEGORY_BOOKS") }); err != nil {
		return err
	}
	// There is no end of downloads.
	for _, quantity := range []int{1, 2} {
		body := fmt.Sprintf(`{"productId": "ebook", "quantity": %d}`, quantity)
		if _, err := step("put into cart", func() (string, error) { return shop.Post(ctx, user, "/v1/cart/items", body) }); err != nil {
			return err
		}
	}
	if _, err := step("look at cart", func() (string, error) { return shop.Get(ctx, user, "/v1/cart") }); err != nil {
		return err
	}
	const details = `{
		"address": {"name": "Ada", "city": "Trondheim", "countryCode": "NO"},
		"payment": {"card": {"number": "4111111111111111", "expiryYear": 2099, "expiryMonth": 12, "cvc": "123"}},
		"contact": {"email": "ada@example.com", "phone": "+4712345678"}
	}`
	answer, err := step("place order", func() (string, error) { return shop.Post(ctx, user, "/v1/orders", details) })
	if err != nil {
		return err
	}
	var placed struct{ ID string }
	if err := json.Unmarshal([]byte(answer), &placed); err != nil {
		return err
	}
	_, err = step("follow order", func() (string, error) { return shop.Get(ctx, user, "/v1/orders/"+placed.ID+"/events") })
	return err
}
