package driver

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"unsafe"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
)

// The sizes of edge cases.
const (
	longList = 10000
	// protobuf-go follows 10000 messages into each other, and some cycles take two messages a turn.
	deepest = 9000
	// Of lazy fields it validates all that is below, level by level.
	deepestLazy = 500
)

// runEdges tries on every message what is at the edges of the mapping. It returns how many messages there were.
func runEdges() (int, error) {
	n := 0
	for _, m := range methods {
		for _, try := range []func(*method) (int, error){(*method).eachField, (*method).longLists, (*method).nils, (*method).deep, (*method).corrupted, (*method).duplicates, (*method).foreign} {
			count, err := try(m)
			if err != nil {
				return n, err
			}
			n += count
		}
	}
	return n, nil
}

func (m *method) try(x protoreflect.Message) error {
	return m.roundTrip(x.Interface(), m.messageType.New().Interface())
}

// eachField sets fields one by one, to each value in turn.
func (m *method) eachField() (int, error) {
	r := &filler{Rand: rand.New(rand.NewPCG(0, 0)), density: 0.3, invalid: true, budget: 1 << 30}
	n := 1
	if err := m.try(m.messageType.New()); err != nil {
		return n, fmt.Errorf("empty: %w", err)
	}
	fields := m.messageType.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		for range 16 {
			x := m.messageType.New()
			switch {
			case fd.IsList() && fd.Message() != nil:
				x.Mutable(fd).List().AppendMutable()
				r.fill(x.Mutable(fd).List().AppendMutable().Message(), 1)
			case fd.IsList():
				x.Mutable(fd).List().Append(r.scalar(fd))
			case fd.IsMap():
				r.density = 1
				r.field(x, fd, 2)
				r.density = 0.3
			case fd.Message() != nil:
				sub := x.Mutable(fd).Message()
				if n%4 > 0 {
					r.fill(sub, 2)
				}
			default:
				x.Set(fd, r.scalar(fd))
			}
			n++
			if err := m.try(x); err != nil {
				return n, fmt.Errorf("field %s: %w", fd.Name(), err)
			}
		}
	}
	return n, nil
}

// longLists fills the lists and maps of a message.
func (m *method) longLists() (int, error) {
	r := &filler{Rand: rand.New(rand.NewPCG(0, 1)), density: 0.1, budget: 1 << 30}
	x := m.messageType.New()
	found := false
	fields := x.Descriptor().Fields()
	for i := range fields.Len() {
		fd := fields.Get(i)
		if !fd.IsList() {
			continue
		}
		found = true
		n := longList
		if fd.Message() != nil {
			n /= 20
		}
		l := x.Mutable(fd).List()
		for range n {
			if fd.Message() != nil {
				r.fill(l.AppendMutable().Message(), 1)
			} else {
				l.Append(r.scalar(fd))
			}
		}
	}
	if !found {
		return 0, nil
	}
	if err := m.try(x); err != nil {
		return 0, fmt.Errorf("long lists: %w", err)
	}
	return 1, nil
}

// nils puts nil wherever Go lets it: for messages in lists, in maps and in oneofs, and for the wrappers of oneofs.
func (m *method) nils() (int, error) {
	n := 0
	t := reflect.TypeOf(goMessage(m.messageType.Zero().Interface())).Elem()
	for i := range t.NumField() {
		f := t.Field(i)
		if !f.IsExported() {
			continue
		}
		var values []reflect.Value
		switch {
		case f.Type.Kind() == reflect.Slice && f.Type.Elem().Kind() == reflect.Pointer:
			values = append(values, reflect.MakeSlice(f.Type, 2, 2))
		case f.Type.Kind() == reflect.Map && f.Type.Elem().Kind() == reflect.Pointer:
			v := reflect.MakeMap(f.Type)
			v.SetMapIndex(reflect.Zero(f.Type.Key()), reflect.Zero(f.Type.Elem()))
			values = append(values, v)
		case f.Type.Kind() == reflect.Interface:
			oneof := m.messageType.Descriptor().Oneofs().ByName(protoreflect.Name(f.Tag.Get("protobuf_oneof")))
			for j := range oneof.Fields().Len() {
				x := m.messageType.New()
				fd := oneof.Fields().Get(j)
				x.Set(fd, x.NewField(fd))
				w := reflect.ValueOf(goMessage(x.Interface())).Elem().Field(i).Elem()
				values = append(values, reflect.Zero(w.Type()), reflect.New(w.Type().Elem()))
			}
		}
		for _, v := range values {
			x := m.messageType.New()
			reflect.ValueOf(goMessage(x.Interface())).Elem().Field(i).Set(v)
			n++
			if err := m.try(x); err != nil {
				return n, fmt.Errorf("nil in %s: %w", f.Name, err)
			}
		}
	}
	zero := m.messageType.Zero().Interface()
	if err := m.roundTrip(zero, m.messageType.New().Interface()); err != nil {
		return n, fmt.Errorf("nil: %w", err)
	}
	return n + 1, nil
}

// deep nests a message in itself as far as protobuf-go goes, through a field of its own type, or of one that has a field of its
// type.
func (m *method) deep() (int, error) {
	md := m.messageType.Descriptor()
	path := cycle(md)
	if path == nil {
		return 0, nil
	}
	limit := deepest
	for _, fd := range path {
		if fd.Options().(*descriptorpb.FieldOptions).GetLazy() {
			limit = deepestLazy
		}
	}
	x := m.messageType.New()
	for at, depth := x, 0; depth < limit; {
		for _, fd := range path {
			if fd.IsList() {
				at = at.Mutable(fd).List().AppendMutable().Message()
			} else {
				at = at.Mutable(fd).Message()
			}
			depth++
		}
	}
	if err := m.try(x); err != nil {
		return 0, fmt.Errorf("deep: %w", err)
	}
	return 1, nil
}

func cycle(md protoreflect.MessageDescriptor) []protoreflect.FieldDescriptor {
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if fd.Message() == nil || fd.IsMap() {
			continue
		}
		if fd.Message() == md {
			return []protoreflect.FieldDescriptor{fd}
		}
		for j := range fd.Message().Fields().Len() {
			if back := fd.Message().Fields().Get(j); back.Message() == md {
				return []protoreflect.FieldDescriptor{fd, back}
			}
		}
	}
	return nil
}

// corrupted shortens protobuf bytes on their way, for which the receiver has protobuf-go's error.
func (m *method) corrupted() (int, error) {
	r := &filler{Rand: rand.New(rand.NewPCG(0, 2)), density: 0.6, budget: 1 << 30}
	n := 0
	for range 8 {
		x := m.messageType.New()
		r.fill(x, 3)
		if _, err := proto.Marshal(x.Interface()); err != nil {
			continue
		}
		for _, h := range m.handlers() {
			m.exp.Bind(h)
			for _, reply := range []bool{false, true} {
				met, err := m.corruptedOnce(x, reply)
				if err != nil {
					return n, fmt.Errorf("%T: %w", h, err)
				}
				if met {
					n++
				}
			}
		}
	}
	return n, nil
}

// corruptedOnce sends x and corrupts it, or the reply. It reports whether there was something that could be corrupted.
func (m *method) corruptedOnce(x protoreflect.Message, reply bool) (bool, error) {
	var wantErr error
	corrupt := func(l *mapping.Message, p unsafe.Pointer) bool {
		v, at := encoded(l, p)
		if v == nil {
			return false
		}
		size := load[uint32](at, 4) - 1
		store(at, 4, size)
		md := message(v.Field.Message.Name)
		wantErr = proto.UnmarshalOptions{AllowPartial: true}.Unmarshal(unsafe.Slice((*byte)(pointer(load[uint32](at, 0))), size), md.Interface())
		return true
	}
	call.want, call.err = x.Interface(), nil
	if reply {
		call.corruptReply = corrupt
	} else {
		call.corrupt = corrupt
	}
	st := m.imp.Invoke(context.Background(), nil, nil, goMessage(x.Interface()), goMessage(m.messageType.New().Interface()))
	call.corrupt, call.corruptReply, kept = nil, nil, nil
	if wantErr == nil {
		return false, nil // Nothing to shorten, or what is left is valid.
	}
	if text := "grpc: failed to unmarshal the received message: " + wantErr.Error(); st == nil || st.Code != 13 || st.Message != text {
		return true, fmt.Errorf("%s: got status %+v for corrupt bytes, want %q", m.Request.Name, st, text)
	}
	return true, nil
}

// duplicates makes two entries of a map have one key, of which the later one counts.
func (m *method) duplicates() (int, error) {
	for i := range m.Request.Members {
		member := &m.Request.Members[i]
		if member.Field == nil || !member.Field.IsMap() || member.Key.Type != abi.S32Type || member.Value.Type != abi.S32Type {
			continue
		}
		fd := m.messageType.Descriptor().Fields().ByNumber(member.Field.Number)
		x, want := m.messageType.New(), m.messageType.New()
		for _, v := range []int32{1, 2, 3} {
			x.Mutable(fd).Map().Set(protoreflect.ValueOfInt32(v).MapKey(), protoreflect.ValueOfInt32(v))
		}
		call.want, call.err = want.Interface(), nil
		call.corrupt = func(_ *mapping.Message, p unsafe.Pointer) bool {
			entries := pointer(load[uint32](p, member.Offset))
			for i := range uint32(3) {
				store(entries, 8*i, int32(7))
			}
			want.Mutable(fd).Map().Set(protoreflect.ValueOfInt32(7).MapKey(), protoreflect.ValueOfInt32(load[int32](entries, 8*2+4)))
			return true
		}
		st := m.imp.Invoke(context.Background(), nil, nil, goMessage(x.Interface()), goMessage(m.messageType.New().Interface()))
		call.corrupt, kept = nil, nil
		if st != nil || call.err != nil {
			return 1, fmt.Errorf("duplicate keys in %s: %w, status %+v", fd.Name(), call.err, st)
		}
		return 1, nil
	}
	return 0, nil
}

// foreign calls with messages of another type, which are refused before the host is called.
func (m *method) foreign() (int, error) {
	call.passed = false
	good := goMessage(m.messageType.New().Interface())
	for _, messages := range [][2]any{{new(foreign), good}, {good, new(foreign)}} {
		if st := m.imp.Invoke(context.Background(), nil, nil, messages[0], messages[1]); st == nil || st.Code != 13 || call.passed {
			return 0, fmt.Errorf("%s: got status %+v for messages %T and %T; the host was called: %t", m.Request.Name, st, messages[0], messages[1], call.passed)
		}
	}
	return 2, nil
}

// foreign is none of the messages.
type foreign struct{}

// encoded finds the first protobuf bytes in a record that are a field of the message itself.
func encoded(l *mapping.Message, p unsafe.Pointer) (*mapping.Value, unsafe.Pointer) {
	for i := range l.Members {
		m := &l.Members[i]
		if m.Field == nil || m.Value.Form != mapping.Encoded || m.Field.IsMap() {
			continue
		}
		at := unsafe.Add(p, m.Offset)
		if m.Field.Repeated {
			if load[uint32](at, 4) == 0 {
				continue
			}
			at = pointer(load[uint32](at, 0))
		} else {
			if load[uint8](at, 0) == 0 {
				continue
			}
			at = unsafe.Add(at, m.Type.Payload)
		}
		if load[uint32](at, 4) > 0 {
			return &m.Value, at
		}
	}
	return nil, nil
}

// message is an empty one.
func message(name protoreflect.FullName) protoreflect.Message {
	for _, m := range methods {
		if m.messageType.Descriptor().FullName() == name {
			return m.messageType.New()
		}
	}
	panic("no method for " + name)
}
