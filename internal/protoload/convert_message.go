package protoload

import (
	"strings"

	ast "github.com/emicklei/proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

const (
	labelOptional = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL
	labelRepeated = descriptorpb.FieldDescriptorProto_LABEL_REPEATED
	labelRequired = descriptorpb.FieldDescriptorProto_LABEL_REQUIRED
	noLabel       = descriptorpb.FieldDescriptorProto_Label(0)
)

// messageBody is a message whose elements are being converted.
type messageBody struct {
	scope
	optional  []*descriptorpb.FieldDescriptorProto // proto3 optional fields, which get a oneof each
	numberAt  []int                                // of each field, the token of its number
	extRanges []numRange
	extOpts   [][]*ast.Option // parallel to extRanges
	reserved  []numRange
}

func (c *converter) message(m *ast.Message, in scope) {
	s := c.stmts[tokenOf(m.Position.Line)]
	md := &descriptorpb.DescriptorProto{Name: proto.String(nameText.Replace(m.Name)), Visibility: c.visibility(s)}
	c.declareType(in, md.GetName(), md, s.name)
	in = in.addMessage(md)
	c.locateNamed(in.path, s)
	c.body(m.Elements, in)
}

// body converts the elements of a message or a group.
func (c *converter) body(list []ast.Visitee, in scope) {
	b := &messageBody{scope: in}
	for _, e := range list {
		switch e := e.(type) {
		case *ast.NormalField:
			c.addField(b, c.normalField(e), nil)
		case *ast.MapField:
			c.mapField(b, e)
		case *ast.Group:
			c.addField(b, c.group(e), nil)
		case *ast.Oneof:
			c.oneof(b, e)
		case *ast.Reserved:
			s := c.stmts[tokenOf(e.Position.Line)]
			b.reserved = append(b.reserved, s.ranges...)
			for _, n := range s.names {
				in.md.ReservedName = append(in.md.ReservedName, c.toks[n].text)
			}
		case *ast.Extensions:
			s := c.stmts[tokenOf(e.Position.Line)]
			if c.syntax == "proto3" {
				c.r.add(c.pos(s.start), "extensions", "proto3 has no extension ranges, use proto2 or google.protobuf.Any")
			}
			b.extRanges = append(b.extRanges, s.ranges...)
			for range s.ranges {
				b.extOpts = append(b.extOpts, e.Options)
			}
		case *ast.Option:
			c.option(e, "message", func() proto.Message { return ensure(&in.md.Options) })
		default:
			c.elements([]ast.Visitee{e}, in)
		}
	}
	c.syntheticOneofs(b)
	c.ranges(b)
	c.checkNumbers(b)
}

// addField adds a field to a message, inside a oneof if one is given.
func (c *converter) addField(b *messageBody, spec fieldSpec, oneof *int32) {
	path := at(b.path, 2, len(b.md.Field))
	spec.member = oneof != nil
	fd := c.field(spec, b.scope, path)
	fd.OneofIndex = oneof
	if spec.label == labelOptional && c.syntax == "proto3" {
		fd.Proto3Optional = proto.Bool(true)
		b.optional = append(b.optional, fd)
	}
	b.md.Field = append(b.md.Field, fd)
	b.numberAt = append(b.numberAt, c.stmts[spec.start].num)
}

func (c *converter) oneof(b *messageBody, e *ast.Oneof) {
	od := &descriptorpb.OneofDescriptorProto{Name: proto.String(nameText.Replace(e.Name))}
	index := proto.Int32(int32(len(b.md.OneofDecl)))
	s := c.stmts[tokenOf(e.Position.Line)]
	c.declare(b.name, od.GetName(), kindOneof, s.name)
	c.locateNamed(at(b.path, 8, int(*index)), s)
	b.md.OneofDecl = append(b.md.OneofDecl, od)
	members := len(b.md.Field)
	for _, e := range e.Elements {
		switch e := e.(type) {
		case *ast.OneOfField:
			c.addField(b, c.fieldSpec(e.Field, tokenOf(e.Position.Line), noLabel), index)
		case *ast.Group:
			c.addField(b, c.group(e), index)
		case *ast.Option:
			c.option(e, "oneof", func() proto.Message { return ensure(&od.Options) })
		}
	}
	if len(b.md.Field) == members {
		c.r.add(c.pos(s.name), "oneof "+od.GetName(), "has no fields, add one or remove it")
	}
}

// syntheticOneofs gives each proto3 optional field a oneof of its own, after all that were written.
func (c *converter) syntheticOneofs(b *messageBody) {
	if len(b.optional) == 0 {
		return
	}
	taken := map[string]bool{}
	for _, f := range b.md.Field {
		taken[f.GetName()] = true
	}
	for _, o := range b.md.OneofDecl {
		taken[o.GetName()] = true
	}
	for _, f := range b.optional {
		name := f.GetName()
		if !strings.HasPrefix(name, "_") {
			name = "_" + name
		}
		for taken[name] {
			name = "X" + name
		}
		taken[name] = true
		f.OneofIndex = proto.Int32(int32(len(b.md.OneofDecl)))
		b.md.OneofDecl = append(b.md.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String(name)})
	}
}

// mapField adds a field and the message of its entries.
func (c *converter) mapField(b *messageBody, e *ast.MapField) {
	start := tokenOf(e.Position.Line)
	spec := c.fieldSpec(e.Field, start, labelRepeated)
	entry := &descriptorpb.DescriptorProto{
		Name:    proto.String(entryName(spec.name)),
		Options: &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)},
	}
	c.declareType(b.scope, entry.GetName(), entry, c.stmts[start].name)
	in := b.addMessage(entry)
	value := spec.typ
	spec.typ, spec.entry = "."+in.name, true
	c.addField(b, spec, nil)
	features := b.md.Field[len(b.md.Field)-1].GetOptions().GetFeatures()
	subject := kindField.String() + " " + spec.name
	add := func(name, typ string, number int32, typeAt int) *descriptorpb.FieldDescriptorProto {
		f := &descriptorpb.FieldDescriptorProto{
			Name: proto.String(name), JsonName: proto.String(name), Number: proto.Int32(number), Label: labelOptional.Enum(),
		}
		if features != nil { // those of a map hold for its keys and values
			f.Options = &descriptorpb.FieldOptions{Features: proto.CloneOf(features)}
		}
		c.setType(f, typ, typeAt, b.name, subject)
		entry.Field = append(entry.Field, f)
		return f
	}
	keyAt := start + 2 // map < key
	key := add("key", nameText.Replace(e.KeyType), 1, keyAt)
	switch key.GetType() {
	case 0, descriptorpb.FieldDescriptorProto_TYPE_DOUBLE, descriptorpb.FieldDescriptorProto_TYPE_FLOAT,
		descriptorpb.FieldDescriptorProto_TYPE_BYTES:
		c.r.add(c.pos(keyAt), subject, "map key cannot be of type %s, use an integer type, bool or string",
			nameText.Replace(e.KeyType))
		if key.Type == nil { // one finding about it is enough
			c.refs = c.refs[:len(c.refs)-1]
		}
	}
	refs := len(c.refs)
	add("value", value, 2, c.stmts[start].typ)
	if len(c.refs) > refs {
		c.refs[refs].mapValue = true
	}
}

// entryName is the name protoc gives to the message of a map's entries.
func entryName(field string) string {
	var b strings.Builder
	upper := true
	for _, r := range field {
		if r == '_' {
			upper = true
			continue
		}
		if upper && 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		upper = false
		b.WriteRune(r)
	}
	return b.String() + "Entry"
}

// jsonName is the name protoc gives to a field in JSON.
func jsonName(field string) string {
	var b strings.Builder
	upper := false
	for _, r := range field {
		if r == '_' {
			upper = true
			continue
		}
		if upper && 'a' <= r && r <= 'z' {
			r -= 'a' - 'A'
		}
		upper = false
		b.WriteRune(r)
	}
	return b.String()
}

// extend adds extensions to the scope in which the block is written.
func (c *converter) extend(e *ast.Message, in scope) {
	s := c.stmts[tokenOf(e.Position.Line)]
	list, path := in.extensions()
	c.locate(path, s)
	n := len(*list)
	for _, e2 := range e.Elements {
		var spec fieldSpec
		switch e2 := e2.(type) {
		case *ast.NormalField:
			spec = c.normalField(e2)
		case *ast.Group:
			spec = c.group(e2)
		default:
			continue
		}
		spec.extension = true
		fd := c.field(spec, in, at(path, len(*list)))
		if spec.label == labelOptional && c.syntax == "proto3" {
			fd.Proto3Optional = proto.Bool(true)
		}
		if spec.label == labelRequired {
			c.r.add(c.pos(spec.start), "field "+fd.GetName(), "an extension cannot be required, make it optional")
		}
		*list = append(*list, fd)
	}
	added, name := (*list)[n:], nameText.Replace(e.Name)
	if len(added) == 0 {
		c.r.add(c.pos(s.typ), "extend "+name, "has no fields, add one or remove it")
	}
	c.refs = append(c.refs, ref{name: name, at: s.typ, scope: in.name, message: true, subject: "extend " + name,
		set: func(full string, _ kind) {
			for _, fd := range added {
				fd.Extendee = proto.String(full)
			}
		}})
}
