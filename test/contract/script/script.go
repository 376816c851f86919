// Package script writes the orders that the handlers of the contract suite carry out. It imports neither gRPC nor the handlers.
package script

import (
	"strings"
	"time"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// Order is an order of these steps.
func Order(steps ...*pb.Step) *pb.Order { return &pb.Order{Steps: steps} }

func Sleep(d time.Duration) *pb.Step {
	return &pb.Step{Op: pb.Step_SLEEP, N: d.Milliseconds()}
}

// SetHeader and its siblings take keys and values in turn.
func SetHeader(kv ...string) *pb.Step  { return &pb.Step{Op: pb.Step_SET_HEADER, Pairs: pairs(kv)} }
func SendHeader(kv ...string) *pb.Step { return &pb.Step{Op: pb.Step_SEND_HEADER, Pairs: pairs(kv)} }
func SetTrailer(kv ...string) *pb.Step { return &pb.Step{Op: pb.Step_SET_TRAILER, Pairs: pairs(kv)} }

// ByContext has a step use the function of package grpc, where a stream has a method of the same name.
func ByContext(s *pb.Step) *pb.Step {
	s.Text = "context"
	return s
}

func pairs(kv []string) (out []*pb.Pair) {
	for i := 0; i < len(kv); i += 2 {
		out = append(out, &pb.Pair{Key: kv[i], Value: []byte(kv[i+1])})
	}
	return out
}

// Fail and its siblings end the call.
func Fail(code uint32, text string) *pb.Step {
	return &pb.Step{Op: pb.Step_FAIL, N: int64(code), Text: text}
}

func FailDetails(code uint32, text string) *pb.Step {
	return &pb.Step{Op: pb.Step_FAIL_DETAILS, N: int64(code), Text: text}
}

func FailPlain(text string) *pb.Step { return &pb.Step{Op: pb.Step_FAIL_PLAIN, Text: text} }

func FailWrapped(code uint32, text string) *pb.Step {
	return &pb.Step{Op: pb.Step_FAIL_WRAPPED, N: int64(code), Text: text}
}

// FailContext fails with an error of package context: see pb.Step_FAIL_CONTEXT.
func FailContext(which int64) *pb.Step { return &pb.Step{Op: pb.Step_FAIL_CONTEXT, N: which} }

func FailCustom(code uint32, text string) *pb.Step {
	return &pb.Step{Op: pb.Step_FAIL_CUSTOM, N: int64(code), Text: text}
}

func FailEOF() *pb.Step          { return &pb.Step{Op: pb.Step_FAIL_EOF} }
func Panic(text string) *pb.Step { return &pb.Step{Op: pb.Step_PANIC, Text: text} }
func Nil() *pb.Step              { return &pb.Step{Op: pb.Step_NIL} }

// Await, Poll and Watch leave the error of the call's context in the ledger, under key.
func Await(key string) *pb.Step { return &pb.Step{Op: pb.Step_AWAIT, Text: key} }
func Poll(key string) *pb.Step  { return &pb.Step{Op: pb.Step_POLL, Text: key} }
func Watch(key string) *pb.Step { return &pb.Step{Op: pb.Step_WATCH, Text: key} }

// Note puts a line into the ledger.
func Note(key, line string) *pb.Step {
	return &pb.Step{Op: pb.Step_NOTE, Text: line, Pairs: pairs([]string{key, ""})}
}

// Ask asks for the lines of the ledger under key, and waits until there are any.
func Ask(key string, wait time.Duration) *pb.Step {
	return &pb.Step{Op: pb.Step_ASK, Text: key, N: wait.Milliseconds()}
}

func Send(n, size int) *pb.Step { return &pb.Step{Op: pb.Step_SEND, N: int64(n), Size: int64(size)} }

// SendCounted counts the messages under key.
func SendCounted(n, size int, key string) *pb.Step {
	return &pb.Step{Op: pb.Step_SEND, N: int64(n), Size: int64(size), Text: key}
}

func Count(key string) *pb.Step { return &pb.Step{Op: pb.Step_COUNT, Text: key} }

// Receive receives n messages. ReceiveAll receives until there are no more.
func Receive(n int) *pb.Step { return &pb.Step{Op: pb.Step_RECEIVE, N: int64(n)} }
func ReceiveAll() *pb.Step   { return Receive(-1) }

// ReceiveSlowly sleeps after each message.
func ReceiveSlowly(n int, pause time.Duration) *pb.Step {
	return &pb.Step{Op: pb.Step_RECEIVE, N: int64(n), Size: pause.Milliseconds()}
}

func Echo() *pb.Step   { return &pb.Step{Op: pb.Step_ECHO} }
func Report() *pb.Step { return &pb.Step{Op: pb.Step_REPORT} }

// Metadata asks for the incoming metadata whose keys begin with "x-", and that of further keys.
func Metadata(more ...string) *pb.Step {
	return &pb.Step{Op: pb.Step_METADATA, Text: strings.Join(more, " ")}
}

// Incoming asks how the functions of package metadata see a key.
func Incoming(key string) *pb.Step { return &pb.Step{Op: pb.Step_INCOMING, Text: key} }

func Deadline() *pb.Step { return &pb.Step{Op: pb.Step_DEADLINE} }
func Method() *pb.Step   { return &pb.Step{Op: pb.Step_METHOD} }
func Peer() *pb.Step     { return &pb.Step{Op: pb.Step_PEER} }
func Trace() *pb.Step    { return &pb.Step{Op: pb.Step_TRACE} }
func Stats() *pb.Step    { return &pb.Step{Op: pb.Step_STATS} }

// Ticks asks what happens beside calls: how often the ticker has ticked, and how many goroutines there are.
func Ticks() *pb.Step    { return &pb.Step{Op: pb.Step_TICKS} }
func Services() *pb.Step { return &pb.Step{Op: pb.Step_SERVICES} }

// Annex does something with the second server of function b: see pb.Step_ANNEX.
func Annex(what string) *pb.Step { return &pb.Step{Op: pb.Step_ANNEX, Text: what} }
