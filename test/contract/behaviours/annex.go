package behaviours

import (
	"fmt"
	"slices"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/cofaas/cofaas/test/contract/pb"
	"github.com/cofaas/cofaas/test/contract/script"
)

// annexes is about the second server of function b, which can be stopped.
func annexes() []*Behaviour {
	return slices.Concat(
		one("annex/serves", inside, annexServes),
		one("annex/limits of the server", inside, annexLimits),
		one("annex/methods that are not implemented", inside, annexMissing),
		one("annex/Stop", inside, annexStop),
		one("annex/GracefulStop", inside, annexGraceful),
		one("annex/Serve after Stop", inside, annexAgain),
		one("annex/WaitForReady", inside, annexWaitForReady),
	)
}

func (e *Env) annex(t *T) pb.AnnexClient {
	return pb.NewAnnexClient(dial(t, e.Inside.Annex, grpc.WithConnectParams(grpc.ConnectParams{
		Backoff:           backoff.Config{BaseDelay: 20 * time.Millisecond, Multiplier: 1.2, MaxDelay: 200 * time.Millisecond},
		MinConnectTimeout: patience,
	})))
}

// tell has b do something with the annex.
func (e *Env) tell(t *T, what string) outcome {
	return e.do(t.Context(), unary, script.Order(script.Annex(what)))
}

// restart is for the end of behaviours that stop the annex.
func (e *Env) restart(t *T) {
	t.Equal("start", e.tell(t, "start").fact("annex"), "started")
	_, err := e.annex(t).Unary(t.Timeout(patience), script.Order(), grpc.WaitForReady(true))
	t.OK("a call after the start", err)
}

func annexServes(t *T, e *Env) {
	got, err := e.annex(t).Unary(t.Context(), script.Order(script.Method(), script.Trace()))
	t.Must("call", err)
	o := outcome{reports: []*pb.Report{got}}
	t.Equal("method", o.fact("method"), "/contract.v1.Annex/Unary true")
	t.Equal("it has no interceptors", o.fact("trace"), "")
	t.Equal("its services", e.tell(t, "services").fact("annex"), "contract.v1.Annex")
	conn := dial(t, e.Inside.Annex)
	err = conn.Invoke(t.Context(), "/"+e.Service+"/Unary", &pb.Order{}, &pb.Report{})
	t.Status("the other server's service", err, codes.Unimplemented, "unknown service "+e.Service)
}

func annexLimits(t *T, e *Env) {
	const limit = 64 << 10
	client := e.annex(t)
	order := &pb.Order{Payload: make([]byte, limit)}
	_, err := client.Unary(t.Context(), order)
	t.Status("MaxRecvMsgSize", err, codes.ResourceExhausted, fmt.Sprintf("grpc: received message larger than max (%d vs. %d)", proto.Size(order), limit))
	order = &pb.Order{Payload: make([]byte, limit-100)}
	_, err = client.Unary(t.Context(), order)
	t.OK("within both limits", err)
	order.Steps = []*pb.Step{script.Services(), script.Services(), script.Services()}
	_, err = client.Unary(t.Context(), order)
	t.Code("MaxSendMsgSize", err, codes.ResourceExhausted)
	_, err = client.Unary(t.Context(), script.Order())
	t.OK("the next call", err)
}

func annexMissing(t *T, e *Env) {
	_, err := e.annex(t).Missing(t.Context(), &pb.Order{})
	t.Status("unary", err, codes.Unimplemented, "method Missing not implemented")
	stream, err := e.annex(t).MissingChat(t.Context())
	t.Must("open", err)
	_, err = stream.Recv()
	t.Status("stream", err, codes.Unimplemented, "method MissingChat not implemented")
}

// annexCall makes a call that lasts, and returns once its handler has started.
func annexCall(t *T, e *Env, step *pb.Step) chan error {
	key := t.Key()
	done := make(chan error, 1)
	client := e.annex(t)
	go func() {
		_, err := client.Unary(t.Context(), script.Order(script.Note(key, "started"), step))
		done <- err
	}()
	started(t, e, key)
	return done
}

func annexStop(t *T, e *Env) {
	client := e.annex(t)
	ended := t.Key()
	done := annexCall(t, e, script.Await(ended))
	t.Equal("what Serve returns", e.tell(t, "stop").fact("annex"), "<nil>")
	t.Code("the call in progress", <-done, codes.Unavailable)
	t.Equal("its handler", e.look(t.Context(), unary, script.Ask(ended, patience)).fact("ledger"), "context canceled")
	_, err := client.Unary(t.Context(), script.Order())
	t.Code("a new call", err, codes.Unavailable)
	t.OK("the other server", e.do(t.Context(), unary, script.Order()).err)
	e.restart(t)
}

func annexGraceful(t *T, e *Env) {
	client := e.annex(t)
	done := annexCall(t, e, script.Sleep(300*time.Millisecond))
	t.Equal("what Serve returns", e.tell(t, "graceful").fact("annex"), "<nil>")
	t.OK("the call in progress", <-done)
	_, err := client.Unary(t.Context(), script.Order())
	t.Code("a new call", err, codes.Unavailable)
	e.restart(t)
}

func annexAgain(t *T, e *Env) {
	t.Equal("stop", e.tell(t, "stop").fact("annex"), "<nil>")
	t.Equal("Serve", e.tell(t, "again").fact("annex"), "grpc: the server has been stopped")
	e.restart(t)
}

func annexWaitForReady(t *T, e *Env) {
	t.Equal("stop", e.tell(t, "stop").fact("annex"), "<nil>")
	done := make(chan error, 1)
	client := e.annex(t)
	go func() {
		_, err := client.Unary(t.Context(), script.Order(), grpc.WaitForReady(true))
		done <- err
	}()
	select {
	case err := <-done:
		t.True("the call waits", false, "it has ended: %v", err)
		done <- err
	case <-time.After(200 * time.Millisecond):
	}
	t.Equal("start", e.tell(t, "start").fact("annex"), "started")
	t.OK("the call", <-done)
	t.Code("a call that does not wait for ever", func() error {
		e.tell(t, "stop")
		_, err := e.annex(t).Unary(t.Timeout(200*time.Millisecond), script.Order(), grpc.WaitForReady(true))
		return err
	}(), codes.DeadlineExceeded)
	e.restart(t)
}
