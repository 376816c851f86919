package backend

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/cofaas/cofaas/test/contract/pb"
)

// patience bounds the waits of handlers, so that a suite that fails comes to its end.
const patience = time.Minute

// call is one call that a service carries out.
type call struct {
	service *Service
	ctx     context.Context
	order   *pb.Order
	report  *pb.Report
	stream  grpc.ServerStream         // nil in unary calls
	send    func(*pb.Report) error    // nil unless the server streams
	recv    func() (*pb.Order, error) // nil unless the client streams
}

// errNotHere is for steps that a kind of call does not have.
var errNotHere = status.Error(codes.InvalidArgument, "this kind of call has no such step")

func (c *call) run() error {
	for _, s := range c.order.GetSteps() {
		if err := c.step(s); err != nil {
			return err
		}
	}
	return nil
}

func (c *call) fact(name string, value any) {
	c.report.Facts = append(c.report.Facts, &pb.Fact{Name: name, Value: fmt.Sprint(value)})
}

// outcome is a fact about an error. Statuses that differ in code or message differ in it.
func (c *call) outcome(name string, err error) {
	if err == nil {
		c.fact(name, "ok")
	} else {
		c.fact(name, err)
	}
}

func (c *call) step(s *pb.Step) error {
	switch s.Op {
	case pb.Step_NOTHING:
	case pb.Step_SLEEP:
		time.Sleep(time.Duration(s.N) * time.Millisecond)
	case pb.Step_SET_HEADER:
		c.outcome("set header", c.setHeader(s))
	case pb.Step_SEND_HEADER:
		c.outcome("send header", c.sendHeader(s))
	case pb.Step_SET_TRAILER:
		c.outcome("set trailer", c.setTrailer(s))
	case pb.Step_PANIC:
		panic("told to panic: " + s.Text)
	case pb.Step_AWAIT, pb.Step_POLL:
		return c.await(s)
	case pb.Step_WATCH:
		go func() {
			<-c.ctx.Done()
			c.service.ledger.add(s.Text, fmt.Sprint(c.ctx.Err()))
		}()
	case pb.Step_SEND:
		return c.sendMany(s)
	case pb.Step_RECEIVE:
		return c.receive(s)
	case pb.Step_ECHO:
		return c.echo()
	case pb.Step_REPORT:
		if c.send == nil {
			return errNotHere
		}
		err := c.send(c.report)
		c.report = &pb.Report{Id: c.order.GetId()}
		return err
	case pb.Step_NIL:
		c.report = nil
	case pb.Step_ASK:
		c.fact("ledger", strings.Join(c.service.ledger.ask(s.Text, time.Duration(s.N)*time.Millisecond), "|"))
	case pb.Step_NOTE:
		c.service.ledger.add(s.Pairs[0].Key, s.Text)
	case pb.Step_COUNT:
		c.fact("count", c.service.ledger.counted(s.Text))
	case pb.Step_ANNEX:
		return c.doAnnex(s.Text)
	default:
		if ok, err := failure(c.order, s); ok {
			return err
		}
		return c.look(s)
	}
	return nil
}

func (c *call) doAnnex(what string) error {
	if c.service.Annex == nil {
		return errNotHere
	}
	out, err := c.service.Annex(what)
	c.fact("annex", out)
	return err
}

func (c *call) setHeader(s *pb.Step) error {
	if c.stream == nil || s.Text == "context" {
		return grpc.SetHeader(c.ctx, md(s.Pairs))
	}
	return c.stream.SetHeader(md(s.Pairs))
}

func (c *call) sendHeader(s *pb.Step) error {
	if c.stream == nil || s.Text == "context" {
		return grpc.SendHeader(c.ctx, md(s.Pairs))
	}
	return c.stream.SendHeader(md(s.Pairs))
}

func (c *call) setTrailer(s *pb.Step) error {
	if c.stream == nil || s.Text == "context" {
		return grpc.SetTrailer(c.ctx, md(s.Pairs))
	}
	c.stream.SetTrailer(md(s.Pairs))
	return nil
}

func md(pairs []*pb.Pair) metadata.MD {
	out := metadata.MD{}
	for _, p := range pairs {
		out.Append(p.Key, string(p.Value))
	}
	return out
}

// await waits until the call's context is done, by its channel or by computing and asking.
func (c *call) await(s *pb.Step) error {
	end := time.Now().Add(patience)
	if s.Op == pb.Step_AWAIT {
		select {
		case <-c.ctx.Done():
		case <-time.After(patience):
		}
	} else {
		sum := uint64(1)
		for c.ctx.Err() == nil && time.Now().Before(end) {
			for range 1000 {
				sum = sum*6364136223846793005 + 1
			}
		}
		if sum == 0 { // keeps the computation
			return errors.New("no sum")
		}
	}
	c.service.ledger.add(s.Text, fmt.Sprint(c.ctx.Err()))
	if c.ctx.Err() == nil {
		return status.Error(codes.Internal, "the context was never done")
	}
	return c.ctx.Err()
}

func (c *call) sendMany(s *pb.Step) error {
	if c.send == nil {
		return errNotHere
	}
	payload := make([]byte, s.Size)
	for i := range s.N {
		if err := c.send(&pb.Report{Id: i, Payload: payload}); err != nil {
			return err
		}
		if s.Text != "" {
			c.service.ledger.count(s.Text)
		}
	}
	return nil
}

func (c *call) receive(s *pb.Step) error {
	if c.recv == nil {
		return errNotHere
	}
	var n, size int
	var err error
	for s.N < 0 || int64(n) < s.N {
		var in *pb.Order
		if in, err = c.recv(); err != nil {
			break
		}
		n++
		size += len(in.GetPayload())
		time.Sleep(time.Duration(s.Size) * time.Millisecond)
	}
	c.fact("received", n)
	c.fact("received bytes", strconv.Itoa(size))
	c.outcome("receive", err)
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

func (c *call) echo() error {
	if c.recv == nil || c.send == nil {
		return errNotHere
	}
	for {
		in, err := c.recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := c.send(&pb.Report{Id: in.GetId(), Payload: in.GetPayload()}); err != nil {
			return err
		}
	}
}
