package usage

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"path/filepath"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// A verdict is what a listener is used for, and where one can see that.
type verdict struct {
	use    Use
	reason string
	serves []*ast.CallExpr // calls of (*grpc.Server).Serve, or of functions that do that
}

// classify decides from where a listener goes what it serves.
func (c *collector) classify(sinks []sink) verdict {
	var v verdict
	var serve, other, lost *sink
	keep := func(p **sink, s *sink) {
		if *p == nil {
			*p = s
		}
	}
	for i := range sinks {
		switch s := &sinks[i]; c.use(s) {
		case RPC:
			v.serves = append(v.serves, s.call)
			keep(&serve, s)
		case Shared:
			v.serves = append(v.serves, s.call)
			keep(&serve, s)
			keep(&other, s)
		case Kept:
			keep(&other, s)
		case harmless:
		default:
			keep(&lost, s)
		}
	}
	switch {
	case serve != nil && other == nil && lost == nil:
		v.use = RPC
		v.reason = fmt.Sprintf("only use is %s at %s", serveName(serve), c.where(serve.pos))
		if len(v.serves) > 1 {
			v.reason = fmt.Sprintf("all %d uses serve gRPC, the first at %s", len(v.serves), c.where(serve.pos))
		}
	case serve != nil && serve == other:
		v.use = Shared
		v.reason = fmt.Sprintf("%s at %s serves gRPC and something else on it", sinkName(serve), c.where(serve.pos))
	case serve != nil && other != nil:
		v.use = Shared
		v.reason = fmt.Sprintf("serves gRPC at %s and is used by %s at %s",
			c.where(serve.pos), sinkName(other), c.where(other.pos))
	case serve != nil:
		v.reason = fmt.Sprintf("serves gRPC at %s, and perhaps something else: %s at %s",
			c.where(serve.pos), sinkName(lost), c.where(lost.pos))
	case lost != nil:
		v.reason = fmt.Sprintf("%s at %s", sinkName(lost), c.where(lost.pos))
	case other != nil:
		v.use = Kept
		v.reason = fmt.Sprintf("used by %s at %s", sinkName(other), c.where(other.pos))
	default:
		v.use = Kept
		v.reason = "nothing is served on it"
	}
	return v
}

// harmless is the Use of a sink that says nothing about what is served.
const harmless Use = -1

func (c *collector) use(s *sink) Use {
	switch s.kind {
	case method:
		switch s.fn.Name() {
		case "Addr", "Close":
			return harmless
		}
		return Kept // Accept, SetDeadline, ...
	case argument:
		if s.fn == nil || s.fn.Pkg() == nil {
			return Unknown
		}
		return c.useBy(s)
	}
	return Unknown
}

// useBy returns what the function does with a listener to which the sink passes
// one.
func (c *collector) useBy(s *sink) Use {
	switch s.fn.Pkg().Path() {
	case "fmt", "log", "log/slog":
		return harmless // printed
	}
	if isServe(s.fn) {
		return RPC
	}
	if isMultiplexer(s.fn) {
		return Shared
	}
	var fact ListensFor
	if c.flow.fact(s.fn.Origin(), &fact) && fact.Param == s.arg {
		return fact.Use
	}
	if recv := s.fn.Signature().Recv(); recv != nil && types.IsInterface(recv.Type()) {
		return Unknown // may be a *grpc.Server
	}
	if s.fn.Pkg() == c.Pkg || grpcpkg.Imported(s.fn.Pkg()) {
		return Unknown
	}
	return Kept // that package knows nothing of gRPC
}

func isServe(fn *types.Func) bool {
	recv := fn.Signature().Recv()
	return recv != nil && grpcpkg.IsFunc(fn, grpcpkg.Path, "Serve") &&
		grpcpkg.IsType(recv.Type(), grpcpkg.Path, "Server")
}

// isMultiplexer reports whether fn takes a listener to make others of it, some
// for gRPC. Its type says so: what fn returns has a method that returns a
// listener and one that serves.
func isMultiplexer(fn *types.Func) bool {
	results := fn.Signature().Results()
	if results.Len() == 0 || grpcpkg.ParamIndex(fn.Signature(), isListener) < 0 {
		return false
	}
	makes, serves := false, false
	for m := range types.NewMethodSet(results.At(0).Type()).Methods() {
		sig := m.Type().(*types.Signature)
		if sig.Results().Len() == 1 && isListener(sig.Results().At(0).Type()) {
			makes = true
		}
		serves = serves || m.Obj().Name() == "Serve" && sig.Params().Len() == 0
	}
	return makes && serves
}

// wrapped says which result of a call that takes a listener is a listener again,
// as for tls.NewListener, or -1.
func (c *collector) wrapped(s sink) int {
	if s.fn == nil {
		return -1
	}
	results := s.fn.Signature().Results()
	for i := range results.Len() {
		if isListener(results.At(i).Type()) {
			return i
		}
	}
	return -1
}

func serveName(s *sink) string {
	if isServe(s.fn) {
		return "Serve"
	}
	return qualified(s.fn)
}

func sinkName(s *sink) string {
	switch {
	case s.kind == escape:
		return s.why
	case s.kind == method:
		return "its method " + s.fn.Name()
	case s.fn == nil:
		return "a function value"
	}
	return qualified(s.fn)
}

// where returns file:line without folders, for use in sentences.
func (c *collector) where(pos token.Pos) string {
	p := c.Fset.Position(pos)
	return fmt.Sprintf("%s:%d", filepath.Base(p.Filename), p.Line)
}
