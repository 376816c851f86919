//go:build !wasip1

package grpc

import (
	"context"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/isolate"
)

// What the variables are for is said in border_wasip1.go.
var (
	findImport       = func(fullMethod string) importedMethod { return importOf(isolate.Default(), fullMethod) }
	findStreamImport = func(fullMethod string) opener { return streamImportOf(isolate.Default(), fullMethod) }

	bindExport       = func(fullMethod string, m *boundMethod) bool { return bindTo(isolate.Default(), fullMethod, m) }
	bindStreamExport = func(fullMethod string, m *boundStream) bool { return bindStreamTo(isolate.Default(), fullMethod, m) }

	findRoute = func(service string, describe func() guest.Routing) uint32 {
		return routeOf(isolate.Default(), service, describe)
	}
	giveRoute = func(number uint32) { giveRouteOf(isolate.Default(), number) }

	settle = func() { isolate.Default().Settle() }

	ready = func(network, addr string) { readyOn(isolate.Default(), network, addr) }
)

// poll does nothing: goroutines of a native isolate run whatever others do.
func poll() {}

func importOf(rt *isolate.Runtime, fullMethod string) importedMethod {
	if m := rt.FindMethod(fullMethod); m != nil {
		return m
	}
	return nil
}

func streamImportOf(rt *isolate.Runtime, fullMethod string) opener {
	if m := rt.FindStream(fullMethod); m != nil {
		return func(ctx context.Context, call *guest.ClientCall) transport { return m.Open(ctx, call) }
	}
	return nil
}

func bindTo(rt *isolate.Runtime, fullMethod string, m *boundMethod) bool {
	return rt.BindUnary(fullMethod, func(c *isolate.ServerCall) (any, *guest.Status) { return m.serve(c) })
}

func bindStreamTo(rt *isolate.Runtime, fullMethod string, m *boundStream) bool {
	return rt.BindStream(fullMethod, func(c *isolate.ServerCall, s *isolate.ServerStream) *guest.Status { return m.serve(c, s) })
}

func routeOf(rt *isolate.Runtime, service string, describe func() guest.Routing) uint32 {
	n, err := rt.Route(service, describe)
	if err != nil {
		logger.Errorf("grpc: asking the host who serves %s: %v", service, err)
	}
	return n
}

func giveRouteOf(rt *isolate.Runtime, number uint32) {
	if err := rt.Unroute(number); err != nil {
		logger.Errorf("grpc: giving a route back to the host: %v", err)
	}
}

func readyOn(rt *isolate.Runtime, network, addr string) {
	if rt == nil {
		logger.Fatalf("grpc: Server.Serve on %s: this program is a native isolate, which serves no connections: run it by its host, or build the function itself", addr)
	}
	if err := rt.Ready(network, addr); err != nil {
		logger.Fatalf("grpc: Server.Serve on %s: %v", addr, err)
	}
}
