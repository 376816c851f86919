package grpc

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/wrapperspb"
)

// withConfig is a case of a service config for all methods, whose unary method fails n times with a code.
func withConfig(config string, n int32, code uint32, client func(s *scene)) func(*testing.T, kit, func(string, ...any)) {
	return func(t *testing.T, k kit, report func(string, ...any)) {
		var calls atomic.Int32
		streamsWith(func(s *streamSetup) {
			s.config = fmt.Sprintf(`{"methodConfig": [{"name": [{"service": "test.Stream"}], %s}]}`, config)
			s.unary = func(ctx context.Context, req *wrapperspb.StringValue) (*wrapperspb.StringValue, error) {
				s.log.add(fmt.Sprintf("call %d %v", calls.Load(), k.incomingValue(ctx, "grpc-previous-rpc-attempts")))
				if req.Value == "wait" {
					<-ctx.Done()
					return nil, ctx.Err()
				}
				switch {
				case calls.Add(1) > n:
					return echo(ctx, req)
				case req.Value == "header":
					k.setHeader(ctx, "h", "1")
				case req.Value == "never":
					k.setTrailer(ctx, "grpc-retry-pushback-ms", "-1")
				case req.Value == "soon":
					k.setTrailer(ctx, "grpc-retry-pushback-ms", "1")
				}
				return nil, k.err(code, "not yet")
			}
		}, func(_ *scene, stream serverSide) error {
			// The server may be the first to see the deadline; then the client sees this.
			<-stream.Context().Done()
			return stream.Context().Err()
		}, client)(t, k, report)
	}
}

// callAndReport calls the unary method, and reports what came of it and what was called.
func callAndReport(req string) func(s *scene) {
	return func(s *scene) {
		o := new(streamOptions)
		reply, err := s.c.invoke(s.t.Context(), "Unary", req, o)
		if err != nil {
			reply = ""
		}
		s.report("%s %v %v", reply, err, s.k.outcome(err).code)
		s.report("%v", o.finished)
		s.report("%v", s.log.wait(s.t, 1, "call"))
	}
}

const retryThrice = `"retryPolicy": {"maxAttempts": 3, "initialBackoff": "0.001s", "maxBackoff": "0.01s", "backoffMultiplier": 2, "retryableStatusCodes": ["UNAVAILABLE"]}`

var configCases = []streamCase{
	{"retried", withConfig(retryThrice, 2, 14, callAndReport("x"))},
	{"retried in vain", withConfig(retryThrice, 3, 14, callAndReport("x"))},
	{"not retried, code", withConfig(retryThrice, 3, 5, callAndReport("x"))},
	{"not retried, header", withConfig(retryThrice, 3, 14, callAndReport("header"))},
	{"not retried, pushback", withConfig(retryThrice, 3, 14, callAndReport("never"))},
	{"retried soon", withConfig(`"retryPolicy": {"maxAttempts": 2, "initialBackoff": "100s", "maxBackoff": "100s", "backoffMultiplier": 2, "retryableStatusCodes": [14]}`,
		1, 14, callAndReport("soon"))},
	{"limits of a config", withConfig(`"maxRequestMessageBytes": 10, "maxResponseMessageBytes": 8`, 0, 0, func(s *scene) {
		for _, req := range []string{"x", "01234", "0123456789"} {
			_, err := s.c.invoke(s.t.Context(), "Unary", req, &streamOptions{maxSend: 100})
			s.report("%v", err)
		}
		_, err := s.c.invoke(s.t.Context(), "Unary", "01234", &streamOptions{maxSend: 6})
		s.report("%v", err)
	})},
	{"timeout of a config", within(func(t *testing.T, k kit, limit time.Duration, report func(string, ...any)) (ok bool) {
		withConfig(fmt.Sprintf(`"timeout": "%.2fs"`, limit.Seconds()), 0, 0, func(s *scene) {
			_, err := s.c.invoke(s.t.Context(), "Unary", "wait", nil)
			s.report("%v", s.k.outcome(err).code)
			stream, opened := s.openWithin(s.t.Context(), "Both", nil)
			if !opened {
				return
			}
			deadline, has := stream.Context().Deadline()
			s.report("%v %v", has, time.Until(deadline) <= limit)
			_, err = stream.Recv()
			s.report("%v", s.k.outcome(err).code)
			ok = true
		})(t, k, report)
		return ok
	})},
}
