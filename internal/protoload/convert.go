package protoload

import (
	"slices"

	ast "github.com/emicklei/proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// converter turns the tree of one file into a FileDescriptorProto. References stay as written until resolve.
type converter struct {
	*file
	r    *report
	info []*descriptorpb.SourceCodeInfo_Location
	seen map[string]bool // names of imports
}

// scope is where declarations go: a file, or a message in it.
type scope struct {
	name string // full name: the package or the message
	path []int32
	fd   *descriptorpb.FileDescriptorProto
	md   *descriptorpb.DescriptorProto // nil at file level
}

func join(scope, name string) string {
	if scope == "" {
		return name
	}
	return scope + "." + name
}

func at(path []int32, more ...int) []int32 {
	path = slices.Clone(path)
	for _, n := range more {
		path = append(path, int32(n))
	}
	return path
}

func (s scope) addMessage(md *descriptorpb.DescriptorProto) scope {
	in := scope{name: join(s.name, md.GetName()), fd: s.fd, md: md}
	if s.md != nil {
		s.md.NestedType = append(s.md.NestedType, md)
		in.path = at(s.path, 3, len(s.md.NestedType)-1)
	} else {
		s.fd.MessageType = append(s.fd.MessageType, md)
		in.path = at(s.path, 4, len(s.fd.MessageType)-1)
	}
	return in
}

func (s scope) addEnum(ed *descriptorpb.EnumDescriptorProto) []int32 {
	if s.md != nil {
		s.md.EnumType = append(s.md.EnumType, ed)
		return at(s.path, 4, len(s.md.EnumType)-1)
	}
	s.fd.EnumType = append(s.fd.EnumType, ed)
	return at(s.path, 5, len(s.fd.EnumType)-1)
}

func (s scope) extensions() (list *[]*descriptorpb.FieldDescriptorProto, path []int32) {
	if s.md != nil {
		return &s.md.Extension, at(s.path, 6)
	}
	return &s.fd.Extension, at(s.path, 7)
}

// tokenOf returns the index of the token at which a node was found.
func tokenOf(line int) int { return line - 1 }

// convert fills f.fd, f.imports, f.refs, f.defaults and f.declared.
func (f *file) convert(tree *ast.Proto, r *report) {
	f.fd = &descriptorpb.FileDescriptorProto{Name: proto.String(f.name)}
	f.declared = map[string]symbol{}
	c := &converter{file: f, r: r, seen: map[string]bool{}}
	switch f.syntax {
	case "proto3":
		f.fd.Syntax = proto.String(f.syntax)
	case "editions":
		f.fd.Syntax = proto.String(f.syntax)
		f.fd.Edition = f.edition.Enum()
	}
	c.locateFile()
	packages := 0
	for _, e := range tree.Elements {
		switch e := e.(type) {
		case *ast.Syntax:
			c.locate(at(nil, 12), f.stmts[tokenOf(e.Position.Line)])
		case *ast.Edition:
			c.locate(at(nil, 14), f.stmts[tokenOf(e.Position.Line)])
		case *ast.Package:
			s := f.stmts[tokenOf(e.Position.Line)]
			if packages++; packages > 1 {
				r.add(f.pos(s.start), "package", "declared twice, remove one")
			}
			f.fd.Package = proto.String(nameText.Replace(e.Name))
			c.locate(at(nil, 2), s)
		case *ast.Import:
			c.importFile(e)
		}
	}
	in := scope{name: f.fd.GetPackage(), fd: f.fd}
	c.elements(tree.Elements, in)
	f.fd.SourceCodeInfo = &descriptorpb.SourceCodeInfo{Location: c.info}
}

func (c *converter) importFile(e *ast.Import) {
	s := c.stmts[tokenOf(e.Position.Line)]
	name := c.toks[s.name].text
	if c.seen[name] {
		c.r.add(c.pos(s.name), importSubject(name), "listed twice, remove one")
		return
	}
	c.seen[name] = true
	if c.toks[s.start+1].is("option") {
		// What it declares can be used in custom options only, which nothing here reads: the file is not needed.
		c.locate(at(nil, 15, len(c.fd.OptionDependency)), s)
		c.fd.OptionDependency = append(c.fd.OptionDependency, name)
		return
	}
	i := int32(len(c.fd.Dependency))
	switch e.Kind {
	case "public":
		c.fd.PublicDependency = append(c.fd.PublicDependency, i)
	case "weak":
		c.fd.WeakDependency = append(c.fd.WeakDependency, i)
	}
	c.locate(at(nil, 3, int(i)), s)
	c.fd.Dependency = append(c.fd.Dependency, name)
	c.imports = append(c.imports, importStmt{at: s.name, public: e.Kind == "public"})
}

// elements converts what can be declared in a file or in a message, but fields.
func (c *converter) elements(list []ast.Visitee, in scope) {
	for _, e := range list {
		switch e := e.(type) {
		case *ast.Message:
			if e.IsExtend {
				c.extend(e, in)
			} else {
				c.message(e, in)
			}
		case *ast.Enum:
			c.enum(e, in)
		case *ast.Service:
			c.service(e, in)
		case *ast.Option:
			if in.md == nil {
				c.option(e, "file", func() proto.Message { return ensure(&c.fd.Options) })
			}
		}
	}
}

func (c *converter) enum(e *ast.Enum, in scope) {
	s := c.stmts[tokenOf(e.Position.Line)]
	ed := &descriptorpb.EnumDescriptorProto{Name: proto.String(nameText.Replace(e.Name)), Visibility: c.visibility(s)}
	path := in.addEnum(ed)
	c.declareType(in, ed.GetName(), ed, s.name)
	c.locateNamed(path, s)
	for _, e := range e.Elements {
		switch e := e.(type) {
		case *ast.EnumField:
			v := &descriptorpb.EnumValueDescriptorProto{
				Name:   proto.String(nameText.Replace(e.Name)),
				Number: proto.Int32(int32(e.Integer)),
			}
			s := c.stmts[tokenOf(e.Position.Line)]
			c.declare(in.name, v.GetName(), kindValue, s.name)
			c.locateNamed(at(path, 2, len(ed.Value)), s)
			ed.Value = append(ed.Value, v)
			for _, o := range e.Elements {
				if o, ok := o.(*ast.Option); ok {
					c.option(o, "enum value", func() proto.Message { return ensure(&v.Options) })
				}
			}
		case *ast.Reserved:
			s := c.stmts[tokenOf(e.Position.Line)]
			for _, r := range s.ranges {
				if r.max {
					r.to = maxInt32
				}
				if r.from > r.to {
					c.r.add(c.pos(r.at), "reserved", "range ends before it starts, swap its ends")
				}
				ed.ReservedRange = append(ed.ReservedRange, &descriptorpb.EnumDescriptorProto_EnumReservedRange{
					Start: proto.Int32(r.from), End: proto.Int32(r.to)})
			}
			for _, n := range s.names {
				ed.ReservedName = append(ed.ReservedName, c.toks[n].text)
			}
		case *ast.Option:
			c.option(e, "enum", func() proto.Message { return ensure(&ed.Options) })
		}
	}
	c.checkEnum(e, ed)
}

func (c *converter) service(e *ast.Service, in scope) {
	sd := &descriptorpb.ServiceDescriptorProto{Name: proto.String(nameText.Replace(e.Name))}
	s := c.stmts[tokenOf(e.Position.Line)]
	c.declare(in.name, sd.GetName(), kindService, s.name)
	path := at(nil, 6, len(c.fd.Service))
	c.fd.Service = append(c.fd.Service, sd)
	c.locateNamed(path, s)
	for _, m := range e.Elements {
		switch m := m.(type) {
		case *ast.RPC:
			c.method(m, sd, join(in.name, sd.GetName()), path)
		case *ast.Option:
			c.option(m, "service", func() proto.Message { return ensure(&sd.Options) })
		}
	}
}

func (c *converter) method(m *ast.RPC, sd *descriptorpb.ServiceDescriptorProto, service string, path []int32) {
	md := &descriptorpb.MethodDescriptorProto{Name: proto.String(nameText.Replace(m.Name))}
	s := c.stmts[tokenOf(m.Position.Line)]
	c.declare(service, md.GetName(), kindMethod, s.name)
	c.locateNamed(at(path, 2, len(sd.Method)), s)
	sd.Method = append(sd.Method, md)
	if m.StreamsRequest {
		md.ClientStreaming = proto.Bool(true)
	}
	if m.StreamsReturns {
		md.ServerStreaming = proto.Bool(true)
	}
	subject := kindMethod.String() + " " + md.GetName()
	c.refs = append(c.refs,
		ref{name: nameText.Replace(m.RequestType), at: s.typ, scope: service, subject: subject, message: true,
			set: func(full string, _ kind) { md.InputType = proto.String(full) }},
		ref{name: nameText.Replace(m.ReturnsType), at: s.reply, scope: service, subject: subject, message: true,
			set: func(full string, _ kind) { md.OutputType = proto.String(full) }})
	for _, o := range m.Elements {
		if o, ok := o.(*ast.Option); ok {
			c.option(o, "method", func() proto.Message { return ensure(&md.Options) })
		}
	}
}
