package model

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// cycles numbers the strongly connected components of the graph in which messages point to the types of their fields.
type cycles map[protoreflect.FullName]int

func newCycles(services []protoreflect.ServiceDescriptor, files []protoreflect.FileDescriptor) cycles {
	t := tarjan{seen: map[protoreflect.FullName]*vertex{}, components: cycles{}}
	for _, s := range services {
		for i := range s.Methods().Len() {
			t.visit(s.Methods().Get(i).Input())
			t.visit(s.Methods().Get(i).Output())
		}
	}
	for _, fd := range files {
		for md := range messages(fd) {
			t.visit(md)
		}
	}
	return t.components
}

// cuts reports whether a field of message md with the type target is cut.
func (c cycles) cuts(md, target protoreflect.MessageDescriptor) bool {
	return c[md.FullName()] == c[target.FullName()] && slices.Compare(place(target), place(md)) <= 0
}

// place is where a message is declared in its file: the indices of the messages around it, then its own.
func place(md protoreflect.MessageDescriptor) []int {
	var p []int
	for d := protoreflect.Descriptor(md); ; d = d.Parent() {
		if _, ok := d.(protoreflect.MessageDescriptor); !ok {
			break
		}
		p = append(p, d.Index())
	}
	slices.Reverse(p)
	return p
}

// tarjan is Tarjan's algorithm. (R. Tarjan, Depth-first search and linear graph algorithms, 1972.)
type tarjan struct {
	seen       map[protoreflect.FullName]*vertex
	stack      []*vertex
	components cycles
	count      int
}

type vertex struct {
	name       protoreflect.FullName
	index, low int
	onStack    bool
}

func (t *tarjan) visit(md protoreflect.MessageDescriptor) *vertex {
	if v := t.seen[md.FullName()]; v != nil {
		return v
	}
	v := &vertex{name: md.FullName(), index: len(t.seen), low: len(t.seen), onStack: true}
	t.seen[v.name] = v
	t.stack = append(t.stack, v)
	for i := range md.Fields().Len() {
		fd := md.Fields().Get(i)
		if fd.IsMap() {
			fd = fd.MapValue()
		}
		if fd.Message() == nil {
			continue
		}
		_, visited := t.seen[fd.Message().FullName()]
		w := t.visit(fd.Message())
		switch {
		case !visited:
			v.low = min(v.low, w.low)
		case w.onStack:
			v.low = min(v.low, w.index)
		}
	}
	if v.low == v.index {
		t.count++
		for {
			w := t.stack[len(t.stack)-1]
			t.stack = t.stack[:len(t.stack)-1]
			w.onStack = false
			t.components[w.name] = t.count
			if w == v {
				break
			}
		}
	}
	return v
}
