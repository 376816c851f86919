package protoload

import (
	"strings"

	ast "github.com/emicklei/proto"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/descriptorpb"
)

// scalars are the type names that are not references.
var scalars = map[string]descriptorpb.FieldDescriptorProto_Type{
	"double":   descriptorpb.FieldDescriptorProto_TYPE_DOUBLE,
	"float":    descriptorpb.FieldDescriptorProto_TYPE_FLOAT,
	"int64":    descriptorpb.FieldDescriptorProto_TYPE_INT64,
	"uint64":   descriptorpb.FieldDescriptorProto_TYPE_UINT64,
	"int32":    descriptorpb.FieldDescriptorProto_TYPE_INT32,
	"fixed64":  descriptorpb.FieldDescriptorProto_TYPE_FIXED64,
	"fixed32":  descriptorpb.FieldDescriptorProto_TYPE_FIXED32,
	"bool":     descriptorpb.FieldDescriptorProto_TYPE_BOOL,
	"string":   descriptorpb.FieldDescriptorProto_TYPE_STRING,
	"bytes":    descriptorpb.FieldDescriptorProto_TYPE_BYTES,
	"uint32":   descriptorpb.FieldDescriptorProto_TYPE_UINT32,
	"sfixed32": descriptorpb.FieldDescriptorProto_TYPE_SFIXED32,
	"sfixed64": descriptorpb.FieldDescriptorProto_TYPE_SFIXED64,
	"sint32":   descriptorpb.FieldDescriptorProto_TYPE_SINT32,
	"sint64":   descriptorpb.FieldDescriptorProto_TYPE_SINT64,
}

// fieldSpec is what the several field nodes of the tree have in common.
type fieldSpec struct {
	start     int // first token, label included
	name, typ string
	number    int
	label     descriptorpb.FieldDescriptorProto_Label // noLabel if none was written
	options   []*ast.Option
	group     *ast.Group
	extension bool
	entry     bool // of a map: typ is the message of its entries
	member    bool // of a oneof, where fields have no label in any syntax
}

func labelOf(optional, repeated, required bool) descriptorpb.FieldDescriptorProto_Label {
	switch {
	case optional:
		return labelOptional
	case repeated:
		return labelRepeated
	case required:
		return labelRequired
	}
	return noLabel
}

func (c *converter) normalField(e *ast.NormalField) fieldSpec {
	label := labelOf(e.Optional, e.Repeated, e.Required)
	start := tokenOf(e.Position.Line)
	if label != noLabel {
		start-- // emicklei/proto takes the position after the label
	}
	return c.fieldSpec(e.Field, start, label)
}

func (c *converter) fieldSpec(f *ast.Field, start int, label descriptorpb.FieldDescriptorProto_Label) fieldSpec {
	return fieldSpec{start: start, name: nameText.Replace(f.Name), typ: nameText.Replace(f.Type),
		number: f.Sequence, label: label, options: f.Options}
}

func (c *converter) group(e *ast.Group) fieldSpec {
	label := labelOf(e.Optional, e.Repeated, e.Required)
	start := tokenOf(e.Position.Line)
	if label != noLabel {
		start--
	}
	name := nameText.Replace(e.Name)
	return fieldSpec{start: start, name: strings.ToLower(name), typ: name, number: e.Sequence, label: label,
		options: c.stmts[start].options, group: e}
}

// field converts a field or an extension that is declared in a scope. For a group it adds the message too.
func (c *converter) field(spec fieldSpec, in scope, path []int32) *descriptorpb.FieldDescriptorProto {
	s := c.stmts[spec.start]
	k := kindField
	if spec.extension {
		k = kindExtension
	}
	subject := k.String() + " " + spec.name
	fd := &descriptorpb.FieldDescriptorProto{
		Name:     proto.String(spec.name),
		JsonName: proto.String(jsonName(spec.name)),
		Number:   proto.Int32(int32(spec.number)),
		Label:    labelOptional.Enum(),
	}
	if spec.label != noLabel {
		fd.Label = spec.label.Enum()
	}
	c.checkField(spec, subject)
	c.declare(in.name, spec.name, k, s.name)
	c.locateNamed(path, s)
	if spec.group != nil {
		md := &descriptorpb.DescriptorProto{Name: proto.String(spec.typ)}
		c.declareType(in, spec.typ, md, s.name)
		inner := in.addMessage(md)
		c.locateNamed(inner.path, s)
		fd.Type = descriptorpb.FieldDescriptorProto_TYPE_GROUP.Enum()
		fd.TypeName = proto.String("." + inner.name)
		c.body(spec.group.Elements, inner)
	} else if spec.entry {
		fd.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
		fd.TypeName = proto.String(spec.typ)
	} else {
		c.setType(fd, spec.typ, s.typ, in.name, subject)
	}
	c.fields = append(c.fields, declaredField{fd: fd, at: s.name, subject: subject, spec: spec})
	seen := map[string]bool{}
	for _, o := range spec.options {
		switch name := nameText.Replace(o.Name); name {
		case "default", "json_name":
			tok := tokenOf(o.Position.Line) + 1
			if seen[name] {
				c.r.add(c.pos(tok), "option "+name, "set twice, remove one")
				continue
			}
			seen[name] = true
			v := c.value(o)
			if name == "default" {
				if c.syntax == "proto3" {
					c.r.add(c.pos(tok), subject, "proto3 has no default values, remove the default or use proto2")
				}
				c.defaults = append(c.defaults, defaultValue{field: fd, value: v, subject: subject})
				continue
			}
			c.jsonOption(fd, spec, v)
		default:
			c.option(o, "field", func() proto.Message { return ensure(&fd.Options) })
		}
	}
	return fd
}

func (c *converter) jsonOption(fd *descriptorpb.FieldDescriptorProto, spec fieldSpec, v value) {
	switch s, err := v.str(); {
	case err != nil:
		c.r.add(c.pos(v.first), "option json_name", "%v", err)
	case spec.extension:
		c.r.add(c.pos(v.first), "option json_name", "not allowed on extensions, remove it")
	case strings.HasPrefix(s, "[") && strings.HasSuffix(s, "]"):
		c.r.add(c.pos(v.first), "option json_name", "%q is the form of an extension's name, choose another one", s)
	case strings.Contains(s, "\x00"):
		c.r.add(c.pos(v.first), "option json_name", "holds a NUL byte, remove it")
	default:
		fd.JsonName = proto.String(s)
	}
}

// setType sets a scalar type, or files a reference.
func (c *converter) setType(fd *descriptorpb.FieldDescriptorProto, typ string, tok int, scope, subject string) {
	if t, ok := scalars[typ]; ok {
		fd.Type = t.Enum()
		return
	}
	c.refs = append(c.refs, ref{name: typ, at: tok, scope: scope, subject: subject, set: func(full string, k kind) {
		fd.TypeName = proto.String(full)
		fd.Type = descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum()
		if k == kindEnum {
			fd.Type = descriptorpb.FieldDescriptorProto_TYPE_ENUM.Enum()
		}
	}})
}
