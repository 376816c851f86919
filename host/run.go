package host

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	"github.com/cofaas/cofaas/isolate/protocol"
)

// Main runs an app as a program: it parses the command line, serves until SIGINT or SIGTERM, and exits.
func Main(app *App) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := Run(ctx, app, os.Args[1:], os.Stderr)
	stop()
	os.Exit(code)
}

// settings are the command line of a host.
type settings struct {
	addr, cacheDir  string
	verbose         bool
	env             envFlag
	args            argFlag
	drain           time.Duration
	tlsCert, tlsKey string
	maxRecv         int
	instances       limitFlag
	memoryMB        uint64
	overrun         time.Duration
	remote          remoteFlag
	route           routeFlag
	remoteCA        caFlag
	debugAddr       string
	allow           allowFlag
	listens         listenFlag
	mounts          mountFlag
	descriptors     limitFlag
	netAudit        bool
	profile         string
	places          placeFlag
	processes       limitFlag
	startTimeout    time.Duration
	waiting         string
	channel         string
	strict          bool
	stderr          io.Writer
}

// Run is Main without the process: it returns the exit code once ctx is done and the host has stopped, 0 for a clean stop, 1
// for a failure, 2 for wrong usage.
func Run(ctx context.Context, app *App, args []string, stderr io.Writer) int {
	s, code, ok := parse(app, args, stderr)
	if !ok {
		return code
	}
	s.stderr = stderr
	level := slog.LevelInfo
	if s.verbose {
		level = slog.LevelDebug
	}
	log := slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	if err := s.serve(ctx, app, log); err != nil {
		log.Error("the host failed", "error", err)
		return 1
	}
	return 0
}

func parse(app *App, args []string, stderr io.Writer) (s settings, code int, ok bool) {
	set := flag.NewFlagSet(app.Root, flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprintf(stderr, "This host runs the function %s and what it reaches (%s) in one process.\n\nFlags:\n", app.Root, strings.Join(functionNames(app), ", "))
		set.PrintDefaults()
	}
	set.StringVar(&s.addr, "addr", "", "`address` to serve on; by default where the function itself listens")
	set.StringVar(&s.cacheDir, "cache-dir", "", "`folder` of compiled guests; by default one in the user's cache; \"off\" for none")
	set.BoolVar(&s.verbose, "v", false, "log more")
	set.Var(&s.env, "env", "`FUNCTION:KEY=VALUE`: set a variable of a function's environment, which is empty otherwise; FUNCTION:KEY takes the value from the host's; may be repeated")
	set.Var(&s.args, "arg", "`FUNCTION:ARGUMENT`: one more argument of a function's command line, such as producer:-size=4; may be repeated")
	set.DurationVar(&s.drain, "drain", 30*time.Second, "how long calls in progress may take after a signal to stop")
	set.StringVar(&s.tlsCert, "tls-cert", "", "PEM `file` with the certificate; with -tls-key, serve TLS")
	set.StringVar(&s.tlsKey, "tls-key", "", "PEM `file` with the key")
	set.IntVar(&s.maxRecv, "max-recv-bytes", 4<<20, "largest request from outside in `bytes`, as grpc.MaxRecvMsgSize")
	set.Var(&s.instances, "max-instances", "most instances of each function, as `NUMBER`, or of one, as FUNCTION=NUMBER; with 1, all calls of a function share what its handlers remember, as in a process; 0, the default, means four per processor; may be repeated")
	set.Uint64Var(&s.memoryMB, "max-memory", 0, "most memory of an instance in `MiB`; 0 means 512")
	set.DurationVar(&s.overrun, "overrun", 5*time.Second, "how long a guest may go on after its call has been cancelled or its deadline has passed; processes of native functions may for as long as they like")
	set.Var(&s.remote, "remote", "`SERVICE`, FUNCTION:SERVICE or all, with =ADDRESS if need be: calls that leave the host over the network, to what is dialled or to the address; may be repeated; also in the variable "+remoteVariable+", with commas")
	set.Var(&s.route, "route", "`TARGET=FUNCTION` or FUNCTION:TARGET=FUNCTION: which of several functions that serve what is called at a target answers; may be repeated")
	set.Var(&s.remoteCA, "remote-ca", "`NAME` or NAME=FILE: lets functions trust the certificates in a PEM file, which they call NAME, in calls that leave the host; may be repeated")
	set.StringVar(&s.debugAddr, "debug-addr", "", "`address` to serve /debug/stats and /debug/pprof/ on over HTTP, to whoever can reach it; by default nowhere")
	set.Var(&s.allow, "allow", "`FUNCTION=HOST:PORT`,... or, for every function, HOST:PORT,...: what a function may connect to and look up, in addition to what it states itself, as cart=cache:6379,*.example.com:443; "+
		"also ADDRESS:PORT, NETWORK/BITS:PORT, udp:HOST:PORT, lookup:NAME, unix:PATH, * for everything, and none to leave out what it states itself; may be repeated; also in the variable "+allowVariable+", with semicolons")
	set.Var(fileFlag{&s.allow}, "allow-file", "a `file` with values of -allow, each on a line, and comments after #; may be repeated")
	set.Var(&s.listens, "listen", "`FUNCTION:PORT=ADDRESS`: serve what a function listens on at a port at an address of the host, as cart:9090=:19090; also FUNCTION:udp:PORT, FUNCTION:unix:PATH and unix:PATH as the address, and none to leave out what the function states itself; other listeners are private to an instance; may be repeated")
	set.Var(&s.mounts, "mount", "`FUNCTION:PATH=FILE`: let a function read a file or a folder of the host at an absolute path, as cart:/etc/app=./conf; may be repeated")
	set.Var(&s.descriptors, "max-descriptors", "most sockets and look-ups of each function at a time, as `NUMBER`, or of one, as FUNCTION=NUMBER; 0, the default, means 1024; may be repeated")
	set.BoolVar(&s.netAudit, "net-audit", false, "let every function connect to everything, and print the flags that would have sufficed at the end, upon SIGHUP, and at /debug/net-audit of -debug-addr")
	set.StringVar(&s.profile, "profile", "", "a `file` for a profile of calls, written when the host stops, for cofaas-gen advise; what it says is printed too")
	set.Var(&s.places, "place", "`FUNCTION=PLACE`: where a function runs, of the places that it was built for: wasm, native, which is a process of its own, or remote, which is not here; may be repeated")
	set.Var(&s.processes, "processes", "how many processes native functions have, as `NUMBER`, or of one, as FUNCTION=NUMBER; 0, the default, means one; may be repeated")
	set.DurationVar(&s.startTimeout, "start-timeout", time.Minute, "how long a process of a native function may take until it serves")
	set.Var(choiceFlag{&s.waiting, []string{protocol.Adaptive, protocol.Sleeping}}, "waiting", "`HOW` processes of native functions and the host wait for each other: adaptive looks for a while before it sleeps, if that pays, and sleeping does not")
	set.Var(choiceFlag{&s.channel, []string{protocol.Memory, protocol.Socket}}, "channel", "`KIND` of channel between processes: memory, that they share, or socket; by default what is quickest on the system")
	set.BoolVar(&s.strict, "strict", false, "refuse to run native functions without all protections that there could be")
	s.allow.setVariable(os.Getenv(allowVariable))
	if err := s.remote.setAll(os.Getenv(remoteVariable)); err != nil {
		fmt.Fprintln(stderr, err)
		return s, 2, false
	}
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return s, 0, false
		}
		return s, 2, false
	}
	var problems []string
	if set.NArg() > 0 {
		problems = append(problems, fmt.Sprintf("unexpected argument %q", set.Arg(0)))
	}
	if (s.tlsCert == "") != (s.tlsKey == "") {
		problems = append(problems, "-tls-cert and -tls-key go together")
	}
	for name := range s.env.byFunction {
		if !slices.Contains(functionNames(app), name) {
			problems = append(problems, unknownFunction("-env", name, app))
		}
	}
	problems = append(problems, s.checkProfile()...)
	problems = append(problems, s.instances.check("-max-instances", app)...)
	problems = append(problems, s.descriptors.check("-max-descriptors", app)...)
	for name := range s.args.byFunction {
		if !slices.Contains(functionNames(app), name) {
			problems = append(problems, unknownFunction("-arg", name, app))
		}
	}
	problems = append(problems, s.allow.check(app)...)
	problems = append(problems, s.listens.check(app)...)
	problems = append(problems, s.mounts.check(app)...)
	problems = append(problems, s.places.check(app)...)
	problems = append(problems, s.processes.check("-processes", app)...)
	problems = append(problems, s.checkProcesses(app)...)
	problems = append(problems, s.remote.check(app)...)
	problems = append(problems, s.route.check(app)...)
	if len(problems) > 0 {
		fmt.Fprintln(stderr, strings.Join(problems, "\n"))
		return s, 2, false
	}
	return s, 0, true
}

func functionNames(app *App) []string {
	var names []string
	for i := range app.Functions {
		names = append(names, app.Functions[i].Name)
	}
	return names
}

// serve runs the host until ctx is done.
func (s *settings) serve(ctx context.Context, app *App, log *slog.Logger) error {
	cacheDir, err := s.cache()
	if err != nil {
		return err
	}
	// Starting takes some 25 MB of heap for each guest, 10 MB of which stay, and much more if the guest has to be compiled.
	// Collecting at the usual pace would take a few percent of the time.
	gc := debug.SetGCPercent(400)
	h, err := New(ctx, app, Options{
		CacheDir: cacheDir, Env: s.env.byFunction, Args: s.args.byFunction, MaxInstances: s.instances.all, MaxInstancesOf: s.instances.byFunction,
		MaxMemory: s.memoryMB << 20, Overrun: s.overrun, Logger: log,
		Remote: s.remote.calls, Routes: s.route.routes, CAFiles: s.remoteCA.files,
		Allow: s.allow.byFunction, Listen: s.listens.byFunction, Mounts: s.mounts.byFunction, NetAudit: s.netAudit, Profile: s.profile != "",
		MaxDescriptors: s.descriptors.all, MaxDescriptorsOf: s.descriptors.byFunction,
		Places: s.places.byFunction, Processes: s.processes.all, ProcessesOf: s.processes.byFunction, StartTimeout: s.startTimeout,
		Waiting: s.waiting, Channel: s.channel, Strict: s.strict,
	})
	debug.SetGCPercent(gc)
	if err != nil {
		return err
	}
	defer h.Close()
	defer s.audit(h)()
	opts := append(h.ServerOptions(), grpc.MaxRecvMsgSize(s.maxRecv))
	if s.tlsCert != "" {
		creds, err := credentials.NewServerTLSFromFile(s.tlsCert, s.tlsKey)
		if err != nil {
			return fmt.Errorf("TLS: %w", err)
		}
		opts = append(opts, grpc.Creds(creds))
	}
	stopDebug, err := s.serveDebug(h)
	if err != nil {
		return fmt.Errorf("-debug-addr: %w", err)
	}
	defer stopDebug()
	server := grpc.NewServer(opts...)
	defer server.Stop() // also of one that never served: it has workers
	h.Register(server)
	lis, err := s.listen(h)
	if err != nil {
		return err
	}
	log.Info("serving", "function", app.Root, "address", lis.Addr().String())
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(lis) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	h.Shutdown()
	stopped := make(chan struct{})
	go func() {
		server.GracefulStop()
		close(stopped)
	}()
	select {
	case <-stopped:
	case <-time.After(s.drain):
		log.Warn("calls in progress did not end in time", "drain", s.drain)
		server.Stop()
		<-stopped
	}
	return s.writeProfile(h)
}

// listen opens the address of the flag, or the one that the function's own main asked for.
func (s *settings) listen(h *Host) (net.Listener, error) {
	network, address := h.Address()
	if s.addr != "" {
		network, address = "tcp", s.addr
		if path, ok := strings.CutPrefix(s.addr, "unix:"); ok {
			network, address = "unix", path
		}
	}
	if network == "" {
		return nil, errors.New("the function does not say where it listens: set -addr")
	}
	return net.Listen(network, address)
}

func (s *settings) cache() (string, error) {
	switch s.cacheDir {
	case "off":
		return "", nil
	case "":
		dir, err := os.UserCacheDir()
		if err != nil {
			return "", fmt.Errorf("no cache folder: %w; name one with -cache-dir, or \"off\"", err)
		}
		return filepath.Join(dir, "cofaas", "compiled"), nil
	default:
		return s.cacheDir, nil
	}
}

// envFlag parses -env.
type envFlag struct{ byFunction map[string][]string }

func (e *envFlag) String() string { return "" }

func (e *envFlag) Set(arg string) error {
	function, kv, ok := strings.Cut(arg, ":")
	key, _, hasValue := strings.Cut(kv, "=")
	if !ok || function == "" || key == "" {
		return errors.New("want FUNCTION:KEY=VALUE, as producer:REPEATS=20")
	}
	if !hasValue {
		value, set := os.LookupEnv(key)
		if !set {
			return fmt.Errorf("%s is not set in the host's environment", key)
		}
		kv = key + "=" + value
	}
	if e.byFunction == nil {
		e.byFunction = map[string][]string{}
	}
	e.byFunction[function] = append(e.byFunction[function], kv)
	return nil
}

// argFlag parses -arg.
type argFlag struct{ byFunction map[string][]string }

func (a *argFlag) String() string { return "" }

func (a *argFlag) Set(arg string) error {
	function, value, ok := strings.Cut(arg, ":")
	if !ok || function == "" {
		return errors.New("want FUNCTION:ARGUMENT, as producer:-size=4")
	}
	if a.byFunction == nil {
		a.byFunction = map[string][]string{}
	}
	a.byFunction[function] = append(a.byFunction[function], value)
	return nil
}
