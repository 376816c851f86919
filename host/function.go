package host

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"google.golang.org/grpc/health"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/sockets"
	"github.com/cofaas/cofaas/host/internal/transcode"
	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/placement"
)

// maxCore is the most core values that an export or import passes.
const maxCore = abi.MaxFlatParams + 1

// function is a compiled guest with the pool of its instances.
type function struct {
	name string
	host *Host
	// where is its place. If that is remote, it does not run here.
	where placement.Place
	// module returns the guest as compiled code. The first to call it compiles; others wait.
	module  func() (engine.Module, error)
	exports []*exportMethod
	// codecs turns messages of other codecs than protobuf's into those of protobuf. It is nil for functions that clients of the host do not call.
	codecs *codecs
	// outgoing are the services that the function calls, unary and streams their methods, by full name.
	outgoing       map[string]*outgoing
	unary, streams map[string]*edge
	routes         routes
	pool           *pool
	// native is set if the function runs in processes of its own, and not in instances.
	native *native
	// health is what the function says of its services; clients of the host hear that of the root.
	health *health.Server
	// network is what the function's instances may do over the host's network.
	network *sockets.Network
	// files are those that instances see of the host's.
	files functionFiles
	env   []string
	args  []string
	// addresses are where main wanted to listen, as network and address, the one where it has served first before others. Instances say one:
	// what runs first in a guest is always the same, and in a process it is not.
	addresses []serveAddress
}

// method is what host and guests have to know of a method.
type method struct {
	*mapping.Method
	full          string // "/package.Service/Method"
	param, result *abi.Plan
	// slots are those of a request that travels in core values.
	slots []abi.Slot
	// status is the offset of result<reply, status>'s payload, and the size of the result.
	payload, size  uint32
	request, reply *transcode.Message
	// requestPlan and replyPlan are those of the messages of a streaming method.
	requestPlan, replyPlan *abi.Plan
}

// exportMethod is a method that a function serves.
type exportMethod struct {
	*method
	fn           *function
	index        int
	export, post string
	// profile is that of the calls from outside.
	profile *edgeProfile
}

func newMethod(p *program, t *transcode.Tables, m *model.Method) *method {
	lm := p.layouts.Method(m)
	out := &method{
		Method: lm, full: lm.FullMethod(), param: abi.NewPlan(lm.Func.Param), result: abi.NewPlan(lm.Func.Result),
		payload: lm.Func.Result.Payload, size: lm.Func.Result.Size,
		request: t.Message(&p.layouts, lm.Request), reply: t.Message(&p.layouts, lm.Reply),
	}
	if m.Streaming() {
		out.requestPlan, out.replyPlan = abi.NewPlan(lm.Request.Type), abi.NewPlan(lm.Reply.Type)
		return out
	}
	if !lm.Func.Indirect {
		out.slots = lm.Request.Type.Slots()
	}
	return out
}

// config is what an instance of the function may have.
func (f *function) config(inst *instance) engine.Config {
	return engine.Config{
		Name: f.name, Args: f.args, Env: slices.Concat(f.runtimeEnv(), f.files.env, f.env), Mounts: f.files.mounts, MaxMemory: f.host.opts.MaxMemory, State: inst,
		Stdout: f.host.output(f.name, "stdout", slog.LevelInfo),
		Stderr: f.host.output(f.name, "stderr", slog.LevelInfo),
	}
}

// runtimeEnv tunes the runtime of Go guests; the operator's own settings come later and win. A collection costs about the same
// for a small heap as for a large one, so a guest's heap may grow to 16 MB before the first (GOGC=400, of a minimum of 4 MB),
// and near the limit of its memory it collects as often as it must.
func (f *function) runtimeEnv() []string {
	return []string{"GOGC=400", fmt.Sprintf("GOMEMLIMIT=%d", f.host.opts.MaxMemory/4*3)}
}

func (f *function) newInstance(ctx context.Context, depth int) (*instance, error) {
	return newInstance(ctx, f, depth)
}

// serveAddress is an address as given to net.Listen.
type serveAddress struct{ network, address string }
