package grpc

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
)

// This file has calls of methods that nothing was generated for. Who has been dialled decides how they fail.

// absent returns what stands for a method that is not imported.
func (cc *ClientConn) absent(method string) importedMethod {
	service, name, ok := splitMethod(method)
	if !ok {
		return rejected{guestError(codes.Unimplemented, fmt.Sprintf("malformed method name: %q", method))}
	}
	switch cc.number(service) {
	case 0:
		return rejected{guestError(codes.Unimplemented, fmt.Sprintf("unknown method %s for service %s", name, service))}
	case guest.RouteUnserved:
		return rejected{guestError(codes.Unimplemented, "unknown service "+service)}
	}
	return &unreachable{errNoImport(service)}
}

// splitMethod takes "/package.Service/Method" apart. It reports false for what no server accepts.
func splitMethod(method string) (service, name string, ok bool) {
	path, ok := strings.CutPrefix(method, "/")
	i := strings.LastIndexByte(path, '/')
	if !ok || i < 0 {
		return "", "", false
	}
	return path[:i], path[i+1:], true
}

// rejected is a method that the server does not have.
type rejected struct{ st *guest.Status }

func (r rejected) Invoke(context.Context, <-chan struct{}, *guest.ClientCall, any, any) *guest.Status {
	return r.st
}

// open begins a call, which has ended.
func (r rejected) open(context.Context, *guest.ClientCall) transport { return rejectedStream(r) }

type rejectedStream struct{ st *guest.Status }

func (rejectedStream) Send(context.Context, any) error              { return guest.ErrOver }
func (rejectedStream) Recv(context.Context, any) error              { return io.EOF }
func (rejectedStream) CloseSend()                                   {}
func (rejectedStream) SendHeader([]guest.Pair)                      {}
func (rejectedStream) Header(context.Context) ([]guest.Pair, error) { return nil, guest.ErrOver }
func (rejectedStream) Close()                                       {}

func (r rejectedStream) End(context.Context) (*guest.Status, []guest.Pair, error) {
	return r.st, nil, nil
}

// unreachable is a method for which there is nobody to ask.
type unreachable struct{ st *guest.Status }

func (u *unreachable) Invoke(ctx context.Context, closed <-chan struct{}, call *guest.ClientCall, _, _ any) *guest.Status {
	return u.fail(ctx, closed, call != nil && call.WaitForReady)
}

// fail returns how a call fails, when it has waited as long as it may.
func (u *unreachable) fail(ctx context.Context, closed <-chan struct{}, waits bool) *guest.Status {
	if !waits {
		return u.st
	}
	select {
	case <-ctx.Done():
		st := *statusOf(ctx.Err())
		st.Message += " while waiting for connections to become ready: " + u.st.Message
		return &st
	case <-closed:
		return statusOf(ErrClientConnClosing)
	}
}
