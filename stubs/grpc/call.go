package grpc

import (
	"context"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
	"unsafe"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/connectivity"
	"github.com/cofaas/cofaas/stubs/grpc/internal/callctx"
	"github.com/cofaas/cofaas/stubs/grpc/internal/coop"
	"github.com/cofaas/cofaas/stubs/grpc/metadata"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// Invoke makes a unary call and sets reply. Errors have a status.
func (cc *ClientConn) Invoke(ctx context.Context, method string, args, reply any, opts ...CallOption) error {
	// What generated code calls most, with nothing in the way, in as few calls as possible: in a guest, where memory is
	// quick and calls are not, they are what a call costs.
	if cc.direct && args != nil && isStatic(opts) {
		if routes := cc.routes.Load(); routes != nil {
			for i := range *routes {
				r := &(*routes)[i]
				if !isSame(r.method, method) {
					continue
				}
				if !isBare(ctx) {
					return cc.invokeUnder(ctx, r.imp, false, args, reply, opts)
				}
				if st := r.imp.Invoke(ctx, cc.closed, nil, args, reply); st != nil {
					return cc.failed(st, reply, opts)
				}
				return nil
			}
		}
	}
	return cc.invoke(ctx, method, args, reply, opts)
}

// isSame reports whether two strings are one in memory, as the names are that a client calls with: constants.
func isSame(a, b string) bool {
	return len(a) == len(b) && unsafe.StringData(a) == unsafe.StringData(b)
}

// isStatic reports whether opts are those of a generated client that was given none.
func isStatic(opts []CallOption) bool {
	if len(opts) != 1 {
		return len(opts) == 0
	}
	if &opts[0] == &staticOptions[0] {
		return true
	}
	_, ok := opts[0].(StaticMethodCallOption)
	return ok
}

// isBare reports whether a context that is not done says nothing about a call: no deadline and no metadata. It may be wrong
// about one that does not.
func isBare(ctx context.Context) bool {
	if c, ok := ctx.(*serverContext); ok {
		// Only a guest may look without the lock.
		return coop.Single && c.call != nil && c.extra == nil && c.deadline == 0
	}
	return ctx == context.Background()
}

// invoke is Invoke in general.
func (cc *ClientConn) invoke(ctx context.Context, method string, args, reply any, opts []CallOption) error {
	switch {
	case cc.opts.unaryInt != nil:
		opts = combine(cc.opts.callOptions, opts)
		return cc.opts.unaryInt(ctx, method, args, reply, cc, invoke, opts...)
	case cc.plain && cc.plainOptions && isPlain(opts):
		return cc.invokePlain(ctx, method, args, reply, opts)
	}
	return invoke(ctx, method, args, reply, cc, combine(cc.opts.callOptions, opts)...)
}

// invoke is the innermost [UnaryInvoker]. opts include the connection's.
func invoke(ctx context.Context, method string, args, reply any, cc *ClientConn, opts ...CallOption) error {
	if cc.plain && isPlain(opts) {
		return cc.invokePlain(ctx, method, args, reply, opts)
	}
	err := cc.invokeWithOptions(ctx, method, args, reply, opts)
	finishOptions(opts, err)
	return err
}

// invokePlain makes a call without anything to do before or after it.
func (cc *ClientConn) invokePlain(ctx context.Context, method string, args, reply any, opts []CallOption) error {
	if err := cc.use(); err != nil {
		return err
	}
	imp, err := cc.route(method)
	if err != nil {
		return err
	}
	if r, ok := imp.(routedImport); ok {
		r.options = remoteOptions(r.options, opts)
		imp = r
	}
	if args == nil {
		args, _ = (*exchange)(nil).out(nil, messages{method: method})
	}
	return cc.invokeUnder(ctx, imp, waitForReady(opts, cc.waits), args, reply, opts)
}

// failed returns the error for the outcome of a plain call, nil if nothing is wrong with it but that the reply is over the default limit.
func (cc *ClientConn) failed(st *guest.Status, reply any, opts []CallOption) error {
	if st != overDefault {
		return errorFromGuest(st)
	}
	limit := defaultMaxRecv
	for _, opts := range [...][]CallOption{cc.opts.callOptions, opts} {
		for _, o := range opts {
			if o, ok := o.(MaxRecvMsgSizeCallOption); ok {
				limit = o.MaxRecvMsgSize
			}
		}
	}
	return checkReceived(encodedSize(reply), limit)
}

// begin returns the method to call, unless the call fails already.
func (cc *ClientConn) begin(ctx context.Context, method string) (importedMethod, error) {
	if err := cc.use(); err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, toRPCError(err)
	}
	return cc.route(method)
}

// route returns the import for a method. A client calls few methods, most with a constant for a name, so that comparing
// is comparing pointers.
func (cc *ClientConn) route(method string) (importedMethod, error) {
	if routes := cc.routes.Load(); routes != nil {
		for i := range *routes {
			if r := &(*routes)[i]; r.method == method {
				return r.imp, nil
			}
		}
	}
	imp := findImport(method)
	if open := opener(nil); imp == nil {
		if open = findStreamImport(method); open != nil {
			imp = streamedImport{open}
		}
	}
	if imp == nil {
		return cc.absent(method), nil
	}
	if n := cc.number(serviceOf(method)); n != 0 {
		imp = routedImport{imp, n, remoteOptions(nil, cc.opts.callOptions)}
	}
	cc.mu.Lock()
	defer cc.mu.Unlock()
	var grown []route
	if routes := cc.routes.Load(); routes != nil {
		grown = append(grown, *routes...)
	}
	// The string itself and not a copy: comparing with the same constant again is then comparing pointers.
	grown = append(grown, route{method, imp})
	if cc.GetState() == connectivity.Ready {
		cc.routes.Store(&grown)
	}
	return imp, nil
}

// route is a method that was called on a connection.
type route struct {
	method string
	imp    importedMethod
}

// serviceOf returns "package.Service" of "/package.Service/Method".
func serviceOf(method string) string {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	return service
}

// invokeWithOptions makes a call of any kind.
func (cc *ClientConn) invokeWithOptions(ctx context.Context, method string, args, reply any, opts []CallOption) error {
	imp, err := cc.begin(ctx, method)
	if err != nil {
		return err
	}
	mc := cc.config.method(method)
	info, err := newCallInfo(opts, mc)
	if err != nil {
		return err
	}
	ctx, cancel := withTimeout(ctx, mc)
	defer cancel()
	retry := cc.newRetrier(imp, mc)
	info.headers = info.headers || retry.policy != nil
	for {
		a, err := cc.attempt(ctx, imp, method, args, reply, info, retry.retries)
		if err == nil {
			retry.throttle.succeeded()
		} else if a.header == nil && !a.final {
			if err = retry.next(ctx, a.trailer, err); err == nil {
				continue
			}
		}
		if a.made {
			receiveOptions(opts, a.header, a.trailer)
		}
		return err
	}
}

// attempt is what there is to know of one beside its error.
type attempt struct {
	made            bool // the call
	header, trailer metadata.MD
	final           bool // another one would fail likewise
}

// attempt makes a call, after some retries.
func (cc *ClientConn) attempt(ctx context.Context, imp importedMethod, method string, args, reply any, info callInfo, retries int) (a attempt, err error) {
	handlers := cc.opts.stats
	call := &guest.ClientCall{WantHeaders: info.headers || handlers != nil, MaxReply: info.maxReply}
	if handlers != nil {
		var begin *stats.Begin
		ctx, begin = handlers.begin(ctx, method, &unaryDesc, info.failFast)
		defer func() { handlers.end(ctx, begin, mdFromPairs(call.Trailer), err) }()
	}
	if retries > 0 {
		call.Metadata = []guest.Pair{{Key: "grpc-previous-rpc-attempts", Value: strconv.Itoa(retries)}}
	}
	if err = cc.prepare(ctx, call, method, info); err != nil {
		return a, err
	}
	sent, err := info.exchange.out(args, messages{method: method})
	if err != nil {
		a.final = true
		return a, err
	}
	if handlers != nil {
		handlers.handle(ctx, outPayload(true, args))
	}

	err = info.exchange.in(reply, messages{method, true}, func(reply any) error { return errorFromGuest(imp.Invoke(ctx, cc.closed, call, sent, reply)) })

	if _, nobody := imp.(*unreachable); nobody {
		return a, err
	}
	a.made = true
	a.header, a.trailer = received(call, err)
	if handlers != nil {
		if a.header != nil {
			handlers.handle(ctx, &stats.InHeader{Client: true, Header: a.header})
		}
		if err == nil {
			handlers.handle(ctx, inPayload(true, reply))
		}
		handlers.handle(ctx, &stats.InTrailer{Client: true, Trailer: a.trailer.Copy()})
	}
	return a, err
}

// unaryDesc is what a unary call looks like as a stream.
var unaryDesc StreamDesc

// prepare sets what goes out with a call, and tells the stats handlers of it.
func (cc *ClientConn) prepare(ctx context.Context, call *guest.ClientCall, method string, info callInfo) (err error) {
	if deadline, ok := ctx.Deadline(); ok {
		call.Deadline = unixNano(deadline)
	}
	if call.Metadata, err = cc.appendCredentials(ctx, call.Metadata, method, info.creds); err != nil {
		return err
	}
	md, _ := ctx.Value(callctx.Outgoing{}).(*callctx.Metadata)
	if call.Metadata, err = appendOutgoing(call.Metadata, md); err != nil {
		return err
	}
	call.Options, call.WaitForReady = info.remote, !info.failFast
	if cc.opts.stats != nil {
		cc.opts.stats.handle(ctx, &stats.OutHeader{
			Client:     true,
			Header:     mdFromPairs(call.Metadata),
			Authority:  cc.authority,
			FullMethod: method,
			RemoteAddr: localPeer.Addr,
			LocalAddr:  localPeer.LocalAddr,
		})
	}
	return nil
}

// received returns the header and the trailer of a reply. As on the wire, a call that failed before its header was sent
// has only a trailer, and that is where its content-type is.
func received(call *guest.ClientCall, err error) (header, trailer metadata.MD) {
	trailer = mdFromPairs(call.Trailer)
	first := trailer
	if err == nil || len(call.Header) > 0 {
		header = mdFromPairs(call.Header)
		first = header
	}
	withContentType(first)
	return header, trailer
}

// unixNano returns a deadline in Unix nanoseconds, 0 for one so far away that it makes no difference.
func unixNano(deadline time.Time) int64 {
	if deadline.Unix() > math.MaxInt64/int64(time.Second) {
		return 0
	}
	// 0 means that there is no deadline; one at or before the epoch has passed.
	return max(deadline.UnixNano(), 1)
}

var (
	errDeadlineExceeded = status.Error(codes.DeadlineExceeded, context.DeadlineExceeded.Error())
	errCanceled         = status.Error(codes.Canceled, context.Canceled.Error())
)

// toRPCError gives an error a status, unless it has one.
func toRPCError(err error) error {
	switch err {
	case nil, io.EOF:
		return err
	case context.DeadlineExceeded:
		return errDeadlineExceeded
	case context.Canceled:
		return errCanceled
	case io.ErrUnexpectedEOF:
		return status.Error(codes.Internal, err.Error())
	}
	if _, ok := status.FromError(err); ok {
		return err
	}
	return status.Error(codes.Unknown, err.Error())
}
