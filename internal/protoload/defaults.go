package protoload

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/descriptorpb"
)

// text returns the default as FieldDescriptorProto.default_value holds it.
func (d defaultValue) text() (string, error) {
	if d.field.GetLabel() == labelRepeated {
		return "", errors.New("a repeated field cannot have one, remove it")
	}
	v := d.value
	switch d.field.GetType() {
	case descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, descriptorpb.FieldDescriptorProto_TYPE_GROUP:
		return "", errors.New("a message cannot have one, remove it")
	case descriptorpb.FieldDescriptorProto_TYPE_ENUM:
		return v.ident()
	case descriptorpb.FieldDescriptorProto_TYPE_BOOL:
		b, err := v.boolean()
		return strconv.FormatBool(b), err
	case descriptorpb.FieldDescriptorProto_TYPE_STRING:
		return v.str()
	case descriptorpb.FieldDescriptorProto_TYPE_BYTES:
		s, err := v.bytes()
		return cEscape(s), err
	case descriptorpb.FieldDescriptorProto_TYPE_DOUBLE:
		return v.float(64)
	case descriptorpb.FieldDescriptorProto_TYPE_FLOAT:
		return v.float(32)
	case descriptorpb.FieldDescriptorProto_TYPE_INT32, descriptorpb.FieldDescriptorProto_TYPE_SINT32,
		descriptorpb.FieldDescriptorProto_TYPE_SFIXED32:
		return v.integer(32, true)
	case descriptorpb.FieldDescriptorProto_TYPE_INT64, descriptorpb.FieldDescriptorProto_TYPE_SINT64,
		descriptorpb.FieldDescriptorProto_TYPE_SFIXED64:
		return v.integer(64, true)
	case descriptorpb.FieldDescriptorProto_TYPE_UINT32, descriptorpb.FieldDescriptorProto_TYPE_FIXED32:
		return v.integer(32, false)
	case descriptorpb.FieldDescriptorProto_TYPE_UINT64, descriptorpb.FieldDescriptorProto_TYPE_FIXED64:
		return v.integer(64, false)
	}
	return "", errors.New("the type of the field is not known")
}

// cEscape escapes bytes as absl::CEscape does.
func cEscape(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == '\n':
			b.WriteString(`\n`)
		case c == '\r':
			b.WriteString(`\r`)
		case c == '\t':
			b.WriteString(`\t`)
		case c == '"', c == '\'', c == '\\':
			b.WriteByte('\\')
			b.WriteByte(c)
		case c < 0x20 || c >= 0x7f:
			fmt.Fprintf(&b, `\%03o`, c)
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
