package e2e

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/testing/protocmp"

	"github.com/cofaas/cofaas/test/e2e/apps/pair/pb"
)

// messages are values that have to survive the way to Echo and back, by name.
func messages() map[string]*pb.Everything {
	out := map[string]*pb.Everything{
		"zero": {},
		"presence": {
			Node: &pb.Node{}, Nothing: &pb.Nothing{},
			Nodes:    []*pb.Node{{}, {Leaf: &pb.Leaf{}}, {Leaf: &pb.Leaf{}, Nothing: &pb.Nothing{}, Leaves: []*pb.Leaf{{}, {}}}},
			Nothings: []*pb.Nothing{{}, {}, {}},
		},
		"extremes": {
			ABool: true, AnInt32: math.MinInt32, ASint32: math.MinInt32, AnSfixed32: math.MinInt32, AUint32: math.MaxUint32,
			AFixed32: math.MaxUint32, AnInt64: math.MinInt64, ASint64: math.MinInt64, AnSfixed64: math.MinInt64,
			AUint64: math.MaxUint64, AFixed64: math.MaxUint64, AFloat: -math.MaxFloat32, ADouble: math.SmallestNonzeroFloat64,
			AString: "é世界🎉\x00", SomeBytes: []byte{0, 0xff, 0x80}, Level: pb.Level_LEVEL_LOW, Last: "last",
		},
		"floats": {
			AFloat: float32(math.Inf(-1)), ADouble: math.Copysign(0, -1),
			Floats:  []float32{0, float32(math.Copysign(0, -1)), float32(math.Inf(1)), math.SmallestNonzeroFloat32, float32(math.NaN())},
			Doubles: []float64{0, math.Copysign(0, -1), math.Inf(1), math.MaxFloat64, math.NaN()},
		},
		"unknown enums": {
			Level: 12345, Levels: []pb.Level{0, 1, -7, math.MaxInt32, math.MinInt32}, Node: &pb.Node{Leaf: &pb.Leaf{Level: -1}},
		},
		"empty elements": {
			Strings: []string{"", "a", ""}, Bytess: [][]byte{{}, {1}, {}}, Bools: []bool{false, true, false}, Int32S: []int32{0},
			Node: &pb.Node{Names: []string{""}},
		},
	}
	large := &pb.Everything{SomeBytes: make([]byte, 1<<20), AString: strings.Repeat("ü", 100_000)}
	for i := range 20_000 {
		large.Int32S = append(large.Int32S, int32(i))
		large.Doubles = append(large.Doubles, float64(i)/3)
		large.Unpacked = append(large.Unpacked, int32(-i))
		if i%10 == 0 {
			large.Strings = append(large.Strings, strings.Repeat("s", i%97))
			large.Bytess = append(large.Bytess, make([]byte, i%53))
			large.Nodes = append(large.Nodes, &pb.Node{Share: float32(i), Leaves: []*pb.Leaf{{Id: int64(i)}, {Name: fmt.Sprint(i)}}})
		}
	}
	out["large lists"] = large

	unknown := &pb.Everything{AString: "known", Node: &pb.Node{Leaf: &pb.Leaf{Id: 1}, Leaves: []*pb.Leaf{{Id: 2}}}}
	set := func(m proto.Message, n protowire.Number, s string) {
		m.ProtoReflect().SetUnknown(protoreflect.RawFields(protowire.AppendString(protowire.AppendTag(nil, n, protowire.BytesType), s)))
	}
	set(unknown, 5000, "at the top")
	set(unknown.Node, 5001, "in a field")
	set(unknown.Node.Leaf, 5002, "deeper")
	set(unknown.Node.Leaves[0], 5003, "in an element")
	unknown.Nothing = &pb.Nothing{}
	set(unknown.Nothing, 1, "in an empty message")
	unknown.Nothing.ProtoReflect().SetUnknown(append(unknown.Nothing.ProtoReflect().GetUnknown(),
		protowire.AppendFixed64(protowire.AppendTag(nil, 2, protowire.Fixed64Type), 7)...))
	out["unknown fields"] = unknown
	return out
}

func TestEverything(t *testing.T) {
	both(t, pair, func(t *testing.T, sys *system) {
		client := pb.NewRelayClient(sys.conn)
		check := func(name string, in *pb.Everything) {
			t.Helper()
			got, err := client.Echo(t.Context(), in)
			if err != nil {
				t.Errorf("%s: %v", name, err)
				return
			}
			// proto.Equal takes NaNs as equal.
			if !proto.Equal(in, got) {
				t.Errorf("%s (-sent +got):\n%.2000s", name, cmp.Diff(in, got, protocmp.Transform()))
			}
		}
		all := messages()
		for name, in := range all {
			check(name, in)
		}
		t.Run("bits", func(t *testing.T) {
			// Payloads of NaNs survive, as they do in protobuf.
			in := &pb.Everything{
				AFloat: math.Float32frombits(0x7fa12345), ADouble: math.Float64frombits(0x7ff123456789abcd),
				Floats: []float32{math.Float32frombits(0xffa00001)}, Doubles: []float64{math.Float64frombits(0xfff0000000000001)},
			}
			got, err := client.Echo(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			if math.Float32bits(got.AFloat) != 0x7fa12345 || math.Float64bits(got.ADouble) != 0x7ff123456789abcd ||
				math.Float32bits(got.Floats[0]) != 0xffa00001 || math.Float64bits(got.Doubles[0]) != 0xfff0000000000001 {
				t.Errorf("got %x %x %x %x", math.Float32bits(got.AFloat), math.Float64bits(got.ADouble), math.Float32bits(got.Floats[0]), math.Float64bits(got.Doubles[0]))
			}
		})
		t.Run("random", func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, 2))
			for i := range 150 {
				in := &pb.Everything{}
				fill(in.ProtoReflect(), r)
				check(fmt.Sprintf("message %d", i), in)
			}
		})
		t.Run("wire", func(t *testing.T) {
			// What senders may write: packed as unpacked and the other way round, a message in two pieces, a scalar twice.
			var wire []byte
			for _, v := range []uint64{1, 2, 3} {
				wire = protowire.AppendVarint(protowire.AppendTag(wire, 102, protowire.VarintType), v)
			}
			wire = protowire.AppendBytes(protowire.AppendTag(wire, 119, protowire.BytesType), []byte{4, 5})
			for _, leaf := range []*pb.Leaf{{Id: 1, Name: "first"}, {Name: "second"}} {
				b, err := proto.Marshal(&pb.Node{Leaf: leaf, Names: []string{leaf.Name}})
				if err != nil {
					t.Fatal(err)
				}
				wire = protowire.AppendBytes(protowire.AppendTag(wire, 17, protowire.BytesType), b)
			}
			wire = protowire.AppendString(protowire.AppendTag(wire, 14, protowire.BytesType), "once")
			wire = protowire.AppendString(protowire.AppendTag(wire, 14, protowire.BytesType), "twice")
			wire = protowire.AppendVarint(protowire.AppendTag(wire, 2, protowire.VarintType), math.MaxUint64-5)
			wire = protowire.AppendFixed32(protowire.AppendTag(wire, 3, protowire.Fixed32Type), 9) // not the type of the field
			var want, got pb.Everything
			if err := proto.Unmarshal(wire, &want); err != nil {
				t.Fatal(err)
			}
			if err := sys.conn.Invoke(t.Context(), "/pair.v1.Relay/Echo", wire, &got, grpc.ForceCodec(rawCodec{})); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(&want, &got, protocmp.Transform()); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	})
}

// fill sets fields of a message at random.
func fill(m protoreflect.Message, r *rand.Rand) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		switch {
		case r.IntN(2) == 0:
		case fd.IsList():
			list := m.Mutable(fd).List()
			for range r.IntN(5) {
				if fd.Message() != nil {
					fill(list.AppendMutable().Message(), r)
				} else {
					list.Append(scalar(fd, r))
				}
			}
		case fd.Message() != nil:
			fill(m.Mutable(fd).Message(), r)
		default:
			m.Set(fd, scalar(fd, r))
		}
	}
}

func scalar(fd protoreflect.FieldDescriptor, r *rand.Rand) protoreflect.Value {
	v := r.Uint64() >> r.IntN(64)
	switch fd.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(v&1 == 1)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(int32(v)))
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(v))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(uint32(v))
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(int64(v))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(v)
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(r.NormFloat64()))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(r.NormFloat64())
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(strings.Repeat("ß", r.IntN(20)))
	default:
		b := make([]byte, r.IntN(40))
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return protoreflect.ValueOfBytes(b)
	}
}

// act runs an order in the front function and in the one behind it.
func act(t *testing.T, test func(t *testing.T, sys *system, client pb.RelayClient, forward bool)) {
	t.Helper()
	both(t, pair, func(t *testing.T, sys *system) {
		for _, forward := range []bool{false, true} {
			t.Run(named("forward=%t", forward), func(t *testing.T) {
				test(t, sys, pb.NewRelayClient(sys.conn), forward)
			})
		}
	})
}

func TestErrors(t *testing.T) {
	act(t, func(t *testing.T, sys *system, client pb.RelayClient, forward bool) {
		for _, tt := range []struct {
			order   *pb.Order
			code    codes.Code
			message string
		}{
			{&pb.Order{What: "error", Text: "a plain error, ünïcödé"}, codes.Unknown, "a plain error, ünïcödé"},
			{&pb.Order{What: "error"}, codes.Unknown, ""},
			{&pb.Order{What: "status", Code: int32(codes.NotFound), Text: "not % here\n"}, codes.NotFound, "not % here\n"},
			{&pb.Order{What: "status", Code: int32(codes.Unauthenticated)}, codes.Unauthenticated, ""},
			{&pb.Order{What: "status", Code: 77, Text: "no such code"}, codes.Code(77), "no such code"},
			{&pb.Order{What: "wrapped", Code: int32(codes.Aborted), Text: "inner"}, codes.Aborted, "wrapped: rpc error: code = Aborted desc = inner"},
			{&pb.Order{What: "context"}, codes.DeadlineExceeded, "context deadline exceeded"},
			{&pb.Order{What: "no such thing"}, codes.Unimplemented, `no such order: "no such thing"`},
		} {
			tt.order.Forward = forward
			_, err := client.Act(t.Context(), tt.order)
			if st := status.Convert(err); st.Code() != tt.code || st.Message() != tt.message {
				t.Errorf("%s: got %v %q, want %v %q", tt.order.What, st.Code(), st.Message(), tt.code, tt.message)
			}
		}
		if _, err := client.Act(t.Context(), &pb.Order{What: "bad text", Forward: forward}); status.Code(err) != codes.Internal {
			t.Errorf("text that is not UTF-8: got %v, want %v", err, codes.Internal)
		}
		// A nil message is an empty one.
		if got, err := client.Act(t.Context(), &pb.Order{What: "nothing", Forward: forward}); err != nil || !proto.Equal(got, &pb.Report{}) {
			t.Errorf("no reply: got %v, %v", got, err)
		}
	})
}

func TestDetails(t *testing.T) {
	act(t, func(t *testing.T, sys *system, client pb.RelayClient, forward bool) {
		order := &pb.Order{What: "details", Code: int32(codes.FailedPrecondition), Text: "see details", Id: 7, Payload: []byte{1, 2}, Forward: forward}
		_, err := client.Act(t.Context(), order)
		wantStatus(t, err, codes.FailedPrecondition, "see details")
		var got []proto.Message
		for _, d := range status.Convert(err).Details() {
			m, ok := d.(proto.Message)
			if !ok {
				t.Fatalf("detail %v", d)
			}
			got = append(got, m)
		}
		want := []proto.Message{&pb.Report{Id: 7, Payload: []byte{1, 2}, Text: "see details"}, order, &pb.Nothing{}}
		if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" {
			t.Errorf("details (-want +got):\n%s", diff)
		}
	})
}

func TestMetadata(t *testing.T) {
	act(t, func(t *testing.T, sys *system, client pb.RelayClient, forward bool) {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "x-one", "1", "X-Two", "a", "x-two", "b", "x-data-bin", "\x00\xfe\xff", "x-empty", "")
		got, err := client.Act(ctx, &pb.Order{What: "report", Forward: forward})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{`x-data-bin[0]="\x00\xfe\xff"`, `x-empty[0]=""`, `x-one[0]="1"`, `x-two[0]="a"`, `x-two[1]="b"`}
		if diff := cmp.Diff(want, got.Metadata); diff != "" {
			t.Errorf("metadata (-want +got):\n%s", diff)
		}
		// And the next call has none of it.
		if got, err = client.Act(t.Context(), &pb.Order{What: "report", Forward: forward}); err != nil || len(got.Metadata) > 0 {
			t.Errorf("metadata of a call without: %v, %v", got.GetMetadata(), err)
		}
	})
}

func TestHeaders(t *testing.T) {
	act(t, func(t *testing.T, sys *system, client pb.RelayClient, forward bool) {
		for _, code := range []codes.Code{codes.OK, codes.DataLoss} {
			var header, trailer metadata.MD
			got, err := client.Act(t.Context(), &pb.Order{What: "header", Text: "v", Code: int32(code), Forward: forward}, grpc.Header(&header), grpc.Trailer(&trailer))
			if status.Code(err) != code {
				t.Fatalf("got %v, want %v", err, code)
			}
			if diff := cmp.Diff([]string{"v", "second"}, header["x-header"]); diff != "" {
				t.Errorf("%v: header (-want +got):\n%s", code, diff)
			}
			if diff := cmp.Diff([]string{"\x00\xff"}, header["x-bin"]); diff != "" {
				t.Errorf("%v: header (-want +got):\n%s", code, diff)
			}
			switch {
			case !forward:
				if diff := cmp.Diff([]string{"v"}, trailer["x-trailer"]); diff != "" {
					t.Errorf("%v: trailer (-want +got):\n%s", code, diff)
				}
			case code == codes.OK:
				if diff := cmp.Diff([]string{`x-bin[0]="\x00\xff"`, `x-header[0]="v"`, `x-header[1]="second"`}, got.Header); diff != "" {
					t.Errorf("header that the relay saw (-want +got):\n%s", diff)
				}
				if diff := cmp.Diff([]string{`x-trailer[0]="v"`}, got.Trailer); diff != "" {
					t.Errorf("trailer that the relay saw (-want +got):\n%s", diff)
				}
			default:
				if diff := cmp.Diff([]string{`x-trailer[0]="v"`}, trailer["x-echo-trailer"]); diff != "" {
					t.Errorf("trailer that the relay saw (-want +got):\n%s", diff)
				}
			}
		}
	})
}

func TestDeadlines(t *testing.T) {
	act(t, func(t *testing.T, sys *system, client pb.RelayClient, forward bool) {
		got, err := client.Act(t.Context(), &pb.Order{What: "report", Forward: forward})
		if err != nil || got.HasDeadline {
			t.Errorf("a call without a deadline has %v, %v", got, err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		got, err = client.Act(ctx, &pb.Order{What: "report", Forward: forward})
		if err != nil || !got.HasDeadline || got.RemainingMs > 60_000 || got.RemainingMs < 30_000 {
			t.Errorf("of a minute remains %v, %v", got, err)
		}
		for range 2 {
			ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
			begin := time.Now()
			_, err = client.Act(ctx, &pb.Order{What: "sleep", Code: 20_000, Forward: forward})
			cancel()
			if status.Code(err) != codes.DeadlineExceeded || time.Since(begin) > 15*time.Second {
				t.Errorf("after %v: %v", time.Since(begin), err)
			}
		}
		begin := time.Now()
		if _, err = client.Act(t.Context(), &pb.Order{What: "sleep", Code: 100, Forward: forward}); err != nil || time.Since(begin) < 100*time.Millisecond {
			t.Errorf("slept %v, %v", time.Since(begin), err)
		}
		if got, err := client.Act(t.Context(), &pb.Order{What: "goroutines", Text: "a text in parts", Forward: forward}); err != nil || got.Text != "a text in parts" {
			t.Errorf("goroutines: %v, %v", got, err)
		}
	})
}

// TestDeaths kills instances, one by one and while others work: their callers get a status. Natively, these take the process with
// them, and all its calls; here they take the calls that wait in the same instance, and nobody else sees anything.
func TestDeaths(t *testing.T) {
	build(t)
	t.Parallel()
	deaths := []struct {
		order   *pb.Order
		code    codes.Code
		message string // part of it
		log     string // in the output of the host, with the function in place of %s
	}{
		{&pb.Order{What: "panic", Text: "boom"}, codes.Unavailable, "function %s: ", `panic: told to panic: boom[^\n]*" function=%s stream=stderr`},
		{&pb.Order{What: "nil pointer"}, codes.Unavailable, "function %s: ", `nil pointer dereference[^\n]* function=%s stream=stderr`},
		{&pb.Order{What: "exit", Code: 3, Text: "bye"}, codes.Unavailable, "function %s: ", `msg="exiting: bye" function=%s stream=stderr`},
		{&pb.Order{What: "exit", Code: 0, Text: "well"}, codes.Unavailable, "function %s: ", `msg="exiting: well" function=%s stream=stderr`},
		{&pb.Order{What: "grow", Code: 2000}, codes.Unavailable, "function %s: ", `out of memory[^\n]* function=%s stream=stderr`},
	}
	for _, forward := range []bool{false, true} {
		t.Run(named("forward=%t", forward), func(t *testing.T) {
			t.Parallel()
			sys := host(t, pair)
			client := pb.NewRelayClient(sys.conn)
			dier := map[bool]string{false: "relay", true: "echo"}[forward]
			for _, d := range deaths {
				order := proto.Clone(d.order).(*pb.Order)
				order.Forward = forward
				_, err := client.Act(t.Context(), order)
				if st := status.Convert(err); st.Code() != d.code || !strings.Contains(st.Message(), fmt.Sprintf(d.message, dier)) {
					t.Errorf("%s: got %v, want %v %q", order.What, st, d.code, fmt.Sprintf(d.message, dier))
				}
				sys.front.Wait(t, fmt.Sprintf(d.log, dier))
				if got, err := client.Act(t.Context(), &pb.Order{What: "report", Id: 1, Forward: forward}); err != nil || got.Id != 1 {
					t.Errorf("after %s: %v, %v", order.What, got, err)
				}
			}
		})
	}
	t.Run("among others", func(t *testing.T) {
		t.Parallel()
		sys := host(t, pair)
		crowd(t, sys, 16, 40, func(client, call int) *pb.Order {
			if client == 0 {
				return deaths[call%4].order
			}
			if client == 1 {
				o := proto.Clone(deaths[call%4].order).(*pb.Order)
				o.Forward = true
				return o
			}
			return nil
		}, func(err error) bool {
			// Calls wait in the relay only: for the echo.
			st := status.Convert(err)
			return st.Code() == codes.Unavailable && strings.HasPrefix(st.Message(), "function relay: guest ")
		})
	})
}

// TestConcurrency has 64 clients call at once; each reply has to be that of its request.
func TestConcurrency(t *testing.T) {
	both(t, pair, func(t *testing.T, sys *system) {
		crowd(t, sys, 64, 40, func(client, call int) *pb.Order { return nil }, nil)
	})
}

// crowd has clients call at once, each over its own connection or a shared one. special gives calls that are expected to fail, and
// hit says which errors of other calls are due to them; most calls have none.
func crowd(t *testing.T, sys *system, clients, calls int, special func(client, call int) *pb.Order, hit func(error) bool) {
	t.Helper()
	var wait sync.WaitGroup
	var mu sync.Mutex
	var errs []error
	hits := 0
	for i := range clients {
		conn := sys.conn
		if i%2 == 1 {
			conn = dial(t, sys.addr)
		}
		client := pb.NewRelayClient(conn)
		wait.Go(func() {
			r := rand.New(rand.NewPCG(3, uint64(i)))
			for k := range calls {
				if order := special(i, k); order != nil {
					if _, err := client.Act(t.Context(), order); err == nil {
						mu.Lock()
						errs = append(errs, fmt.Errorf("%s succeeded", order.What))
						mu.Unlock()
					}
					continue
				}
				if err := call(t.Context(), client, r, i, k); err != nil {
					mu.Lock()
					if hit != nil && hit(errors.Unwrap(err)) {
						hits++
						mu.Unlock()
						continue
					}
					errs = append(errs, fmt.Errorf("client %d call %d: %w", i, k, err))
					mu.Unlock()
					return
				}
			}
		})
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Errorf("%.3000s", err)
	}
	if n := clients * calls; hits > n/2 {
		t.Errorf("%d of %d calls were hit", hits, n)
	}
}

// call makes one call of any kind, and checks that the reply is its own.
func call(ctx context.Context, client pb.RelayClient, r *rand.Rand, i, k int) error {
	id := uint32(i*1000 + k)
	payload := make([]byte, r.IntN(1<<(4+r.IntN(13))))
	for j := range payload {
		payload[j] = byte(id) + byte(j)
	}
	switch r.IntN(4) {
	case 0:
		in := &pb.Everything{AUint32: id, SomeBytes: payload, Nodes: []*pb.Node{{Names: []string{fmt.Sprint(id)}}}}
		got, err := client.Echo(ctx, in)
		if err != nil || !proto.Equal(in, got) {
			return fmt.Errorf("echo: %d: %v, %w", id, got.GetAUint32(), err)
		}
	case 1:
		text := fmt.Sprint("fails: ", id)
		_, err := client.Act(ctx, &pb.Order{What: "status", Code: int32(1 + id%16), Text: text, Forward: k%2 == 0})
		if st := status.Convert(err); uint32(st.Code()) != 1+id%16 || st.Message() != text {
			return fmt.Errorf("status: %d: %w", id, err)
		}
	default:
		key := fmt.Sprintf("x-%d", id)
		timeout := time.Duration(120+id%60) * time.Second
		ctx, cancel := context.WithTimeout(metadata.AppendToOutgoingContext(ctx, key, "v"), timeout)
		defer cancel()
		var header, trailer metadata.MD
		got, err := client.Act(ctx, &pb.Order{What: "report", Id: id, Payload: payload, Forward: k%2 == 0}, grpc.Header(&header), grpc.Trailer(&trailer))
		want := &pb.Report{Id: id, Payload: payload, Metadata: []string{key + `[0]="v"`}, HasDeadline: true}
		remaining := time.Duration(got.GetRemainingMs()) * time.Millisecond
		if got != nil {
			got.RemainingMs = 0
		}
		if err != nil || !proto.Equal(want, got) || remaining > timeout || remaining < timeout-time.Minute {
			return fmt.Errorf("report %d: %.300v with %v of %v, %w", id, got, remaining, timeout, err)
		}
	}
	return nil
}
