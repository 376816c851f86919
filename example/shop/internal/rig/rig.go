// Package rig runs the shop for tests and for the demo: natively, a process for each function, or consolidated, one for all. Either
// way the gateway is in front.
package rig

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

const (
	module = "github.com/cofaas/cofaas/example/shop/"
	token  = "a token of the rig"
	// patience is how long programs may take to start: a host compiles its guests when it runs for the first time.
	patience = 10 * time.Minute
	// ending is how long they may take to end when they are told to.
	ending = 2 * time.Minute
)

// function is how a function is told where to listen, and its callers where it is.
type function struct {
	name   string
	listen func(host, port string) []string
	target string // a variable of callers; empty if only clients call it
}

func variable(name string) func(host, port string) []string {
	return func(host, port string) []string { return []string{name + "=" + net.JoinHostPort(host, port)} }
}

var functions = []function{
	{"catalog", variable("CATALOG_LISTEN"), "CATALOG_TARGET"},
	{"cart", variable("CART_LISTEN"), "CART_TARGET"},
	{"inventory", variable("INVENTORY_LISTEN"), "INVENTORY_TARGET"},
	{"payment", variable("PAYMENT_LISTEN"), "PAYMENT_TARGET"},
	{"shipping", variable("SHIPPING_LISTEN"), "SHIPPING_TARGET"},
	{"checkout", variable("CHECKOUT_LISTEN"), "CHECKOUT_TARGET"},
	{"mailer", func(host, port string) []string { return []string{"MAILER_HOST=" + host, "MAILER_PORT=" + port} }, "MAILER_TARGET"},
	{"sms", func(_, port string) []string { return []string{"SMS_PORT=" + port} }, "SMS_TARGET"},
	{"storefront", variable("STOREFRONT_LISTEN"), ""},
}

// Build builds the functions and the gateway, and the hosts of the functions that are named, into a folder. Generation must have built
// the guests of the hosts. The working directory has to be in the shop.
func Build(ctx context.Context, dir string, hosts ...string) error {
	packages := []string{module + "gateway"}
	for _, f := range functions {
		packages = append(packages, module+f.name)
	}
	if err := goBuild(ctx, dir+string(filepath.Separator), packages...); err != nil {
		return err
	}
	for _, f := range hosts {
		if err := goBuild(ctx, hostProgram(dir, f), module+f+"/cofaas"); err != nil {
			return err
		}
	}
	return nil
}

func hostProgram(dir, function string) string { return filepath.Join(dir, function+"-host") }

func goBuild(ctx context.Context, out string, packages ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", out}, packages...)...)
	if text, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, text)
	}
	return nil
}

// Shop is a shop that runs.
type Shop struct {
	// Addresses say where functions answer by gRPC: natively all of them, consolidated the host's root.
	Addresses map[string]string
	// Gateway is the gateway's URL, if there is one.
	Gateway string
	// Admin is where shipping answers by HTTP natively. In a host it does where it is told to by flag -listen.
	Admin string
	// Processes is how many there are.
	Processes int

	log  io.Writer
	stop []func()
}

// Native runs the shop as processes. They write their logs to log.
func Native(ctx context.Context, dir string, log io.Writer) (*Shop, error) {
	s := &Shop{Addresses: make(map[string]string), log: log}
	env := []string{"PAYMENT_TOKEN=" + token}
	for _, f := range functions {
		address, err := FreeAddress()
		if err != nil {
			return nil, err
		}
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		s.Addresses[f.name] = address
		env = append(env, f.listen(host, port)...)
		if f.target != "" {
			env = append(env, f.target+"="+address)
		}
	}
	admin, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	s.Admin = "http://" + admin
	env = append(env, "SHIPPING_HTTP="+admin)
	for _, f := range functions {
		if err := s.start(ctx, env, filepath.Join(dir, f.name)); err != nil {
			s.Stop()
			return nil, err
		}
	}
	for _, f := range functions {
		if err := s.healthy(ctx, f.name); err != nil {
			s.Stop()
			return nil, err
		}
	}
	return s, s.front(ctx, dir)
}

// Host runs the host of a function, with further arguments.
func Host(ctx context.Context, dir, root string, log io.Writer, args ...string) (*Shop, error) {
	address, err := FreeAddress()
	if err != nil {
		return nil, err
	}
	s := &Shop{Addresses: map[string]string{root: address}, log: log}
	// What functions remember has to be the same for all calls, as it is in a process.
	args = append([]string{hostProgram(dir, root), "-addr", address, "-max-instances", "1"}, args...)
	if root == "storefront" || root == "checkout" {
		args = append(args, "-env", "checkout:PAYMENT_TOKEN="+token, "-env", "payment:PAYMENT_TOKEN="+token)
	}
	if err := s.start(ctx, nil, args...); err != nil {
		return nil, err
	}
	if err := s.healthy(ctx, root); err != nil {
		s.Stop()
		return nil, err
	}
	if root != "storefront" {
		return s, nil
	}
	return s, s.front(ctx, dir)
}

// front runs the gateway. If that fails, it stops the shop.
func (s *Shop) front(ctx context.Context, dir string) error {
	address, err := FreeAddress()
	if err != nil {
		s.Stop()
		return err
	}
	s.Gateway = "http://" + address
	env := []string{"GATEWAY_LISTEN=" + address, "STOREFRONT_TARGET=" + s.Addresses["storefront"]}
	if err := s.start(ctx, env, filepath.Join(dir, "gateway")); err != nil {
		s.Stop()
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		resp, err := http.Get(s.Gateway + "/v1/products?pageSize=1")
		if err == nil {
			resp.Body.Close()
			return nil
		}
		select {
		case <-ctx.Done():
			s.Stop()
			return fmt.Errorf("the gateway does not answer: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// start runs a program until the shop is stopped.
func (s *Shop) start(ctx context.Context, env []string, args ...string) error {
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = s.log, s.log
	cmd.WaitDelay = ending // or a process that outlives it would be waited for
	if err := cmd.Start(); err != nil {
		return err
	}
	s.Processes++
	s.stop = append(s.stop, func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		late := time.AfterFunc(ending, func() { _ = cmd.Process.Kill() })
		defer late.Stop()
		_ = cmd.Wait() // what it has to say about its end, it has logged
	})
	return nil
}

// healthy waits until a function says that it serves.
func (s *Shop) healthy(ctx context.Context, function string) error {
	conn, err := s.Dial(function)
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if _, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{}, grpc.WaitForReady(true)); err != nil {
		return fmt.Errorf("%s: %w", function, err)
	}
	return nil
}

// Dial returns a connection to a function. One with a zero backoff would dial again and again, as fast as it can, while the function starts.
func (s *Shop) Dial(function string) (*grpc.ClientConn, error) {
	return grpc.NewClient(s.Addresses[function], grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.2, MaxDelay: 200 * time.Millisecond},
			MinConnectTimeout: 20 * time.Second,
		}))
}

// Stop ends all processes, callers before those that they call.
func (s *Shop) Stop() {
	for i := len(s.stop) - 1; i >= 0; i-- {
		s.stop[i]()
	}
	s.stop = nil
}

// given are the addresses that FreeAddress has returned: who asked for one may not listen there yet.
var given sync.Map

// FreeAddress returns an address of the loopback interface that nobody listens on, and no address twice. Its port is none that the system
// gives to connections, or it might be taken before it is used.
func FreeAddress() (string, error) {
	var last error
	for range 100 {
		lis, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 15000+rand.IntN(15000)))
		if err != nil {
			last = err
			continue
		}
		address := lis.Addr().String()
		if err := lis.Close(); err != nil {
			return "", err
		}
		if _, taken := given.LoadOrStore(address, true); !taken {
			return address, nil
		}
		last = fmt.Errorf("%s was given away before", address)
	}
	return "", last
}

// Post sends JSON to the gateway on behalf of a user, and returns the answer's status and body.
func (s *Shop) Post(ctx context.Context, user, path, body string) (string, error) {
	return s.do(ctx, http.MethodPost, user, path, body)
}

// Get asks the gateway.
func (s *Shop) Get(ctx context.Context, user, path string) (string, error) {
	return s.do(ctx, http.MethodGet, user, path, "")
}

func (s *Shop) do(ctx context.Context, method, user, path, body string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, method, s.Gateway+path, strings.NewReader(body))
	if err != nil {
		return "", err
	}
	req.Header.Set("X-User-Id", user)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%d %s", resp.StatusCode, text), nil
}
