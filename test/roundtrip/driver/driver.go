// Package driver is the part of a round-trip program that does not depend on its schemas: it calls every method of the program's
// service with messages that it makes, through both sides of the bindings, and compares what arrives with what protobuf-go would
// have made of it.
package driver

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"reflect"
	"runtime"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/runtime/protoimpl"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// method is one of the service, which takes and returns the same message.
type method struct {
	*mapping.Method
	messageType protoreflect.MessageType
	serve       reflect.Value
	exp         *guest.Export
	imp         *guest.Import
	direct      guest.DirectHandler
}

var (
	methods []*method
	// byExport finds them by the name of the core export.
	byExport = map[string]*method{}

	// What happens to the call in progress.
	call struct {
		// want is the message that the handler has to see.
		want proto.Message
		// corrupt shortens the first protobuf bytes on the way to the handler, and corruptReply those on the way back.
		corrupt, corruptReply func(m *mapping.Message, p unsafe.Pointer) bool
		// passed says that the host was called.
		passed bool
		// err is what the copy or the handler found.
		err error
	}
)

// Main runs the program. set is a FileDescriptorSet of the schemas and the service, exports are the core exports by name, impl
// is an implementation of the service, and types are nil messages of each type, by name.
func Main(set []byte, exports map[string]any, impl any, types map[string]any) {
	seed := flag.Uint64("seed", 1, "of the random messages")
	count := flag.Int("count", 1000, "random messages; edge cases come in addition")
	edges := flag.Bool("edges", true, "try the edge cases first")
	wire := flag.String("time", "", "instead, time the first method count times with this message, in hexadecimal")
	block := flag.Int("block", 0, "the memory that a request of that message takes")
	flag.Parse()
	if err := setUp(set, exports, impl, types); err != nil {
		fail(err)
	}
	if *wire != "" {
		if err := timeMessage(methods[0], *wire, *block, *count); err != nil {
			fail(err)
		}
		return
	}
	n := 0
	if *edges {
		var err error
		if n, err = runEdges(); err != nil {
			fail(err)
		}
	}
	r := rand.New(rand.NewPCG(*seed, 0))
	for i := range *count {
		m := methods[i%len(methods)]
		f := &filler{Rand: r, density: []float64{0.05, 0.3, 0.7}[r.IntN(3)], invalid: r.IntN(50) == 0, budget: 1500}
		x := m.messageType.New()
		f.fill(x, 3)
		if r.IntN(2) == 0 {
			x = received(x)
		}
		reply := m.messageType.New()
		if r.IntN(8) == 0 {
			(&filler{Rand: r, density: 0.5, budget: 100}).fill(reply, 2) // It has to be reset.
		}
		if err := m.roundTrip(x.Interface(), reply.Interface()); err != nil {
			fail(fmt.Errorf("seed %d, message %d: %w", *seed, i, err))
		}
	}
	fmt.Printf("%d methods, %d messages, no difference\n", len(methods), n+*count)
}

// received is x as it comes from protobuf-go, with parts that are not unmarshalled yet if they may be lazy; x itself if it cannot
// be marshalled.
func received(x protoreflect.Message) protoreflect.Message {
	b, err := proto.Marshal(x.Interface())
	if err != nil {
		return x
	}
	y := x.New()
	if err := proto.Unmarshal(b, y.Interface()); err != nil {
		return x
	}
	return y
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

func setUp(set []byte, exports map[string]any, impl any, types map[string]any) error {
	guest.SetStatusError(func(st *guest.Status) error { return (*statusError)(st) })
	var protos descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(set, &protos); err != nil {
		return err
	}
	files, err := protodesc.NewFiles(&protos)
	if err != nil {
		return err
	}
	d, err := files.FindDescriptorByName("roundtrip.Roundtrip")
	if err != nil {
		return err
	}
	service := model.Build([]protoreflect.ServiceDescriptor{d.(protoreflect.ServiceDescriptor)}, model.Options{}).Service(d.FullName())
	var layouts mapping.Layouts
	for _, sm := range service.Methods {
		name := mapping.Export(sm)
		m := &method{
			Method: layouts.Method(sm), messageType: protoimpl.X.ProtoMessageV2Of(types[string(sm.Request.Name)]).ProtoReflect().Type(),
			serve: reflect.ValueOf(exports[name]), exp: guest.FindExport(sm.FullMethod()), imp: guest.FindImport(sm.FullMethod()),
		}
		if !m.serve.IsValid() || m.exp == nil || m.imp == nil {
			return fmt.Errorf("no export %s", name)
		}
		if m.direct = m.exp.Direct(reflect.TypeOf(impl).PkgPath()+"."+string(sm.Name), impl); m.direct == nil {
			return fmt.Errorf("no direct handler of %s", name)
		}
		methods = append(methods, m)
		byExport[name] = m
	}
	return nil
}

// goMessage is m as generated code knows it: messages of APIv1 have wrappers.
func goMessage(m proto.Message) any { return protoadapt.MessageV1Of(m) }

type statusError guest.Status

func (e *statusError) Error() string { return e.Message }

// anyHandler is the handler of a method that takes any message: it checks what it gets, and returns it.
type anyHandler struct{ *method }

func (h anyHandler) Serve(c *guest.ServerCall) *guest.Status {
	in := h.messageType.New().Interface()
	if err := c.Decoder()(goMessage(in)); err != nil {
		return statusOf(err)
	}
	Served(goMessage(in))
	return c.Lower(goMessage(in))
}

// directHandler is that of the bindings, which calls the implementation.
type directHandler struct{ *method }

func (h directHandler) Serve(c *guest.ServerCall) *guest.Status {
	if err := h.direct.Serve(context.Background(), c); err != nil {
		return statusOf(err)
	}
	return nil
}

func statusOf(err error) *guest.Status {
	var st *statusError
	if errors.As(err, &st) {
		return (*guest.Status)(st)
	}
	return &guest.Status{Code: 2, Message: err.Error()}
}

// Served is what every implementation does with a request before it returns it.
func Served(in any) {
	// Nothing may depend on memory that the collector has taken back.
	kept = nil
	call.err = errors.Join(call.err, same("the handler", protoimpl.X.ProtoMessageV2Of(in), call.want))
}

// Call is the host: it passes a call of an import on to the export of that name. The arguments are the core values of the request,
// and the address of the result.
func Call(name string, args ...any) {
	call.passed = true
	m := byExport[name]
	result := args[len(args)-1].(unsafe.Pointer)
	if err := m.pass(args[:len(args)-1], result); err != nil {
		call.err = errors.Join(call.err, err)
		putStatus(result, m, err)
	}
}

// putStatus makes a result an error.
func putStatus(result unsafe.Pointer, m *method, err error) {
	clear(unsafe.Slice((*byte)(result), m.Func.Result.Size))
	store(result, 0, uint8(1))
	text := []byte("grpc: error while marshaling: " + err.Error())
	p := unsafe.Pointer(unsafe.SliceData(text))
	keep(p)
	store(result, m.Func.Result.Payload, uint32(13))
	store(result, m.Func.Result.Payload+4, address(p))
	store(result, m.Func.Result.Payload+8, uint32(len(text)))
}

func (m *method) pass(args []any, result unsafe.Pointer) error {
	request := m.Request.Type
	var from unsafe.Pointer
	if m.Func.Indirect {
		from = pointer(args[0].(uint32))
	} else {
		from = allocate(request.Size)
		flat := make([]uint64, len(args))
		for i, a := range args {
			flat[i] = bits(a)
		}
		if err := unflatten(request, from, flat); err != nil {
			return err
		}
	}
	to := allocate(request.Size)
	keep(to)
	if err := relocate(request, to, from); err != nil {
		return err
	}
	if call.corrupt != nil && !call.corrupt(m.Request, to) {
		return errNothingToCorrupt
	}
	params := []reflect.Value{reflect.ValueOf(address(to))}
	if !m.Func.Indirect {
		flat, err := flatten(request, to)
		if err != nil {
			return err
		}
		params = params[:0]
		for i, bits := range flat {
			params = append(params, core(m.serve.Type().In(i).Kind(), bits))
		}
	}
	out := m.serve.Call(params)[0].UnsafePointer()
	if err := relocate(m.Func.Result, result, out); err != nil {
		return err
	}
	if call.corruptReply != nil && load[uint8](result, 0) == 0 && !call.corruptReply(m.Reply, unsafe.Add(result, m.Func.Result.Payload)) {
		return errNothingToCorrupt
	}
	runtime.KeepAlive(from)
	return nil
}

var errNothingToCorrupt = errors.New("the message has no protobuf bytes")

// bits are those of a core value.
func bits(v any) uint64 {
	switch v := v.(type) {
	case uint32:
		return uint64(v)
	case uint64:
		return v
	case float32:
		return uint64(math.Float32bits(v))
	default:
		return math.Float64bits(v.(float64))
	}
}

// core is the core value of some bits.
func core(k reflect.Kind, bits uint64) reflect.Value {
	switch k {
	case reflect.Uint32:
		return reflect.ValueOf(uint32(bits))
	case reflect.Uint64:
		return reflect.ValueOf(bits)
	case reflect.Float32:
		return reflect.ValueOf(math.Float32frombits(uint32(bits)))
	default:
		return reflect.ValueOf(math.Float64frombits(bits))
	}
}

// handlers are the two ways in which a method is served.
func (m *method) handlers() []guest.Handler { return []guest.Handler{anyHandler{m}, directHandler{m}} }

// roundTrip sends a message to each handler and compares what comes back, a message or an error, with what comes of protobuf-go's
// bytes.
func (m *method) roundTrip(msg, reply proto.Message) error {
	for _, h := range m.handlers() {
		m.exp.Bind(h)
		if err := m.roundTripOnce(msg, reply); err != nil {
			return fmt.Errorf("%T: %w", h, err)
		}
	}
	return nil
}

func (m *method) roundTripOnce(msg, reply proto.Message) error {
	want := m.messageType.New().Interface()
	b, wantErr := proto.Marshal(msg)
	if wantErr == nil {
		if err := proto.Unmarshal(b, want); err != nil {
			return fmt.Errorf("%s: the message does not survive protobuf-go: %w", m.Request.Name, err)
		}
	}
	call.want, call.err, call.corrupt = want, nil, nil
	st := m.imp.Invoke(context.Background(), nil, nil, goMessage(msg), goMessage(reply))
	kept = nil
	if wantErr != nil {
		// Which of several errors protobuf-go meets first is random where maps are.
		for range 100 {
			if st != nil && st.Code == 13 && st.Message == "grpc: error while marshaling: "+wantErr.Error() {
				return nil
			}
			_, wantErr = proto.Marshal(msg)
		}
		return fmt.Errorf("%s: got status %+v, want %w", m.Request.Name, st, wantErr)
	}
	err := call.err
	if st != nil {
		err = errors.Join(err, fmt.Errorf("status %+v", st))
	} else {
		err = errors.Join(err, same("the caller", reply, want))
	}
	if err != nil {
		return fmt.Errorf("%s: %w\nmessage: %x", m.Request.Name, err, b)
	}
	return nil
}

var deterministic = proto.MarshalOptions{Deterministic: true, AllowPartial: true}

// same compares by proto.Equal, and by bytes, to which the bits of NaN and the order of unknown fields matter.
func same(who string, got, want proto.Message) error {
	if !proto.Equal(got, want) {
		return fmt.Errorf("%s got %v\nwant %v", who, got, want)
	}
	g, err := deterministic.Marshal(got)
	if err != nil {
		return fmt.Errorf("%s got what cannot be marshalled: %w", who, err)
	}
	w, err := deterministic.Marshal(want)
	if err != nil {
		return err
	}
	if !bytes.Equal(g, w) {
		return fmt.Errorf("%s got bytes %x\nwant %x", who, g, w)
	}
	return nil
}
