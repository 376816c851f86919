package host

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/engine/wazero"
	"github.com/cofaas/cofaas/host/internal/netpolicy"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/transcode"
	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/placement"
)

// Host is a running app: its functions serve each other, and its public services can be registered with a grpc-go server. It
// is safe for concurrent use.
type Host struct {
	opts      Options
	log       *slog.Logger
	app       *App
	program   *program
	engine    engine.Engine
	functions map[string]*function
	inside    inside
	watch     *watch
	remotes   *remotes
	profile   *profile                     // nil if there is none
	policies  map[string]*netpolicy.Policy // by function
	files     files

	mu      sync.Mutex // guards function.addresses
	joining sync.Mutex // of isolates, to each other

	// closing is closed when the host is.
	closing   chan struct{}
	closeOnce sync.Once
}

// New compiles the app's functions and starts one instance of each, callees before callers. Close the host when it is not
// needed any more.
func New(ctx context.Context, app *App, opts Options) (_ *Host, err error) {
	h := &Host{opts: opts.withDefaults(), app: app, functions: map[string]*function{}, closing: make(chan struct{})}
	h.log = h.opts.Logger
	h.watch = newWatch(h.opts.Overrun)
	h.remotes = newRemotes(h.opts.CAFiles)
	if h.opts.Profile {
		h.profile = newProfile()
		h.opts.throughHost = true // so that it sees all calls
	}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	if h.program, err = app.link(); err != nil {
		return nil, err
	}
	if err := app.checkPlaces(h.opts.Places); err != nil {
		return nil, fmt.Errorf("places: %w", err)
	}
	if err := h.openPolicies(); err != nil {
		return nil, err
	}
	if err := h.openFiles(); err != nil {
		return nil, err
	}
	if h.engine, err = wazero.New(h.opts.CacheDir); err != nil {
		return nil, err
	}
	var tables transcode.Tables
	methods := map[string][]*method{}
	for service := range h.program.services {
		for _, m := range h.program.model.Service(h.program.services[service].FullName()).Methods {
			methods[service] = append(methods[service], newMethod(h.program, &tables, m))
		}
	}
	for i := range app.Functions {
		h.add(&app.Functions[i], methods)
	}
	if err := h.link(ctx, methods); err != nil {
		return nil, err
	}
	return h, h.start(ctx)
}

// add makes a function, without its module.
func (h *Host) add(spec *Function, methods map[string][]*method) {
	f := &function{name: spec.Name, host: h, health: health.NewServer(), env: h.opts.Env[spec.Name], args: h.opts.Args[spec.Name]}
	for _, service := range spec.Exports {
		for _, m := range methods[service] {
			f.exports = append(f.exports, &exportMethod{
				method: m, fn: f, index: len(f.exports),
				export: mapping.Export(m.Method.Method), post: mapping.PostReturn(m.Method.Method),
			})
		}
	}
	if f.name == h.app.Root {
		f.codecs = newCodecs(f)
	}
	f.network = sockets.New(sockets.Config{Policy: h.networkOf(spec.Name), MaxDescriptors: h.opts.maxDescriptors(spec.Name)})
	f.files = h.files.byFunction[spec.Name]
	f.pool = &pool{create: f.newInstance, max: h.opts.maxInstances(spec.Name)}
	if f.where = h.opts.placeOf(spec); f.where == placement.Native {
		f.native = newNative(f, h.opts.processes(spec.Name))
	}
	h.functions[f.name] = f
}

// link links imports to exports, and says how each guest is compiled.
func (h *Host) link(ctx context.Context, methods map[string][]*method) error {
	for i := range h.app.Functions {
		spec := &h.app.Functions[i]
		f := h.functions[spec.Name]
		f.outgoing, f.unary, f.streams = map[string]*outgoing{}, map[string]*edge{}, map[string]*edge{}
		imports := slices.Concat(runtimeImports(f), routeImports(f), streamImports(f), systemImports())
		for _, service := range spec.Imports {
			calls, err := h.newOutgoing(f, service)
			if err != nil {
				return err
			}
			f.outgoing[service] = calls
			for _, m := range methods[service] {
				e := calls.edge(m)
				h.profile.connect(e)
				if m.Streaming() {
					f.streams[m.FullMethod()] = e
					continue
				}
				f.unary[m.FullMethod()] = e
				imports = append(imports, engine.Import{
					Module: mapping.Interface(m.Service), Name: mapping.Function(m.Method.Method),
					Params: append(slices.Clone(m.Func.Params()), abi.I32),
					Func:   func(state any, stack []uint64) error { return e.call(state.(*instance), stack) },
				})
			}
		}
		f.module = sync.OnceValues(func() (engine.Module, error) {
			code, err := h.app.guest(spec.Name)
			if err != nil {
				return nil, err
			}
			return h.engine.Compile(ctx, spec.Name, code, imports)
		})
	}
	return nil
}

// export returns the function's export of a method, or nil.
func (f *function) export(m *method) *exportMethod {
	for _, x := range f.exports {
		if x.method == m {
			return x
		}
	}
	return nil
}

// start starts all processes and compiles all guests side by side, and makes the first instance of each function as soon as it can: callees first, so
// that a main which calls out before it serves is answered. In a cycle, whoever is called first starts on demand.
func (h *Host) start(ctx context.Context) error {
	order := h.startOrder()
	var group errgroup.Group
	for _, f := range order {
		h.log.Debug("function is placed", "function", f.name, "place", f.where)
		if f.native != nil {
			if err := f.native.launch(); err != nil {
				return cmp.Or(group.Wait(), err)
			}
			continue
		}
		group.Go(func() error {
			_, err := f.module()
			return err
		})
	}
	err := h.startInstances(ctx, order)
	// Whatever happened, wait: nothing may be compiled when the host is closed.
	return cmp.Or(group.Wait(), err)
}

func (h *Host) startInstances(ctx context.Context, order []*function) error {
	for _, f := range order {
		if f.native != nil {
			if err := f.native.awaitStart(ctx); err != nil {
				return err
			}
			continue
		}
		if f.pool.size() > 0 {
			continue
		}
		inst, err := f.pool.get(ctx, 0)
		if err != nil {
			return err
		}
		f.release(inst)
	}
	return nil
}

// startOrder lists the functions that the root reaches without leaving the host, with callees before callers.
func (h *Host) startOrder() []*function {
	var order []*function
	seen := map[string]bool{}
	var visit func(name string)
	visit = func(name string) {
		if seen[name] {
			return
		}
		seen[name] = true
		for _, e := range h.app.Edges {
			if o := h.functions[name].outgoing[e.Service]; e.From == name && o != nil && !o.leaves() && h.functions[e.To].isHere() {
				visit(e.To)
			}
		}
		order = append(order, h.functions[name])
	}
	visit(h.app.Root)
	return order
}

// Register adds the public services, health and reflection to a server that was made with [ServerOptions].
func (h *Host) Register(s *grpc.Server) {
	root := h.functions[h.app.Root]
	root.health.SetServingStatus("", healthpb.HealthCheckResponse_SERVING)
	for i := range h.app.Functions {
		spec := &h.app.Functions[i]
		if spec.Name != h.app.Root {
			continue
		}
		for _, service := range spec.Exports {
			file := h.program.services[service].ParentFile().Path()
			s.RegisterService(root.serviceDesc(service, file), nil)
			root.health.SetServingStatus(service, healthpb.HealthCheckResponse_SERVING)
		}
	}
	healthpb.RegisterHealthServer(s, root.health)
	registerReflection(s, h.program.files)
}

// ServerOptions are what a grpc-go server needs to serve a host.
func (h *Host) ServerOptions() []grpc.ServerOption {
	return []grpc.ServerOption{
		grpc.ForceServerCodecV2(newFrontCodec()),
		// Stop returns when no guest runs for a call any more, so that the host can be closed.
		grpc.WaitForHandlers(true),
		// A call on a worker finds a stack that has grown before; a round trip takes a twentieth to a tenth less.
		grpc.NumStreamWorkers(uint32(4 * runtime.GOMAXPROCS(0))),
	}
}

// Address is where the root function wanted to listen: the arguments of its net.Listen.
func (h *Host) Address() (network, address string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if known := h.functions[h.app.Root].addresses; len(known) > 0 {
		return known[0].network, known[0].address
	}
	return "", ""
}

// Shutdown makes health report that the host does not serve any more.
func (h *Host) Shutdown() { h.functions[h.app.Root].health.Shutdown() }

// Close stops all instances. Calls in progress must have ended. A second Close does nothing.
func (h *Host) Close() error {
	var err error
	h.closeOnce.Do(func() { err = h.close() })
	return err
}

func (h *Host) close() error {
	// Processes may still call out while they stop.
	var stopping sync.WaitGroup
	for _, f := range h.functions {
		if f.native != nil {
			stopping.Go(f.native.close)
		}
	}
	stopping.Wait()
	close(h.closing)
	for _, f := range h.functions {
		f.pool.close()
	}
	// Guests may be running in the background, or wait for calls that have left the host.
	h.watch.stopRuns()
	h.inside.close()
	h.remotes.stop()
	for _, f := range h.functions {
		f.pool.runs.Wait()
	}
	for _, f := range h.functions {
		if err := f.network.Close(); err != nil {
			h.log.Error("the network of a function is not closed", "function", f.name, "error", err)
		}
	}
	h.files.close()
	h.watch.close()
	h.remotes.close()
	if h.engine == nil {
		return nil
	}
	return h.engine.Close(context.Background())
}
