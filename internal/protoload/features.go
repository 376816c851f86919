package protoload

import (
	"slices"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

var targets = map[string]descriptorpb.FieldOptions_OptionTargetType{
	"file":            descriptorpb.FieldOptions_TARGET_TYPE_FILE,
	"extension range": descriptorpb.FieldOptions_TARGET_TYPE_EXTENSION_RANGE,
	"message":         descriptorpb.FieldOptions_TARGET_TYPE_MESSAGE,
	"field":           descriptorpb.FieldOptions_TARGET_TYPE_FIELD,
	"oneof":           descriptorpb.FieldOptions_TARGET_TYPE_ONEOF,
	"enum":            descriptorpb.FieldOptions_TARGET_TYPE_ENUM,
	"enum value":      descriptorpb.FieldOptions_TARGET_TYPE_ENUM_ENTRY,
	"service":         descriptorpb.FieldOptions_TARGET_TYPE_SERVICE,
	"method":          descriptorpb.FieldOptions_TARGET_TYPE_METHOD,
}

// checkFeatures checks that features are set only where they mean something: fd of m was set, which is either all
// features of an element or one of them.
func (c *converter) checkFeatures(tok int, option, element string, m protoreflect.Message, fd protoreflect.FieldDescriptor) {
	if c.syntax != "editions" {
		c.r.add(c.pos(tok), "option "+option, "features need an edition, remove it or declare edition = \"2023\"")
		return
	}
	check := func(fd protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		opts, _ := fd.Options().(*descriptorpb.FieldOptions)
		switch allowed := opts.GetTargets(); {
		case !slices.Contains(allowed, targets[element]):
			c.r.add(c.pos(tok), "option "+option, "feature %s has no meaning for a %s, remove it", fd.Name(), element)
		case opts.GetFeatureSupport().GetEditionIntroduced() > c.fd.GetEdition():
			c.r.add(c.pos(tok), "option "+option, "feature %s came after this edition, remove it", fd.Name())
		case element == "file" && fd.Name() == "field_presence" &&
			v.Enum() == descriptorpb.FeatureSet_LEGACY_REQUIRED.Number():
			c.r.add(c.pos(tok), "option "+option, "LEGACY_REQUIRED cannot hold for a whole file, set it on fields")
		}
		return true
	}
	if fd.Kind() == protoreflect.MessageKind {
		m.Get(fd).Message().Range(check)
	} else {
		check(fd, m.Get(fd))
	}
}

// declaredField is a field whose options can be checked when its type is known.
type declaredField struct {
	fd      *descriptorpb.FieldDescriptorProto
	at      int // token of the name
	subject string
	spec    fieldSpec
}

// checkFieldOptions checks the options that depend on the type of a field: protoc does, protodesc does not.
func (f *file) checkFieldOptions(d declaredField, r *report) {
	errorf := func(format string, args ...any) { r.add(f.pos(d.at), d.subject, format, args...) }
	repeated := d.fd.GetLabel() == labelRepeated
	message := d.fd.GetType() == descriptorpb.FieldDescriptorProto_TYPE_MESSAGE
	packable := repeated
	switch d.fd.GetType() {
	case 0: // unresolved, which was reported
		return
	case descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, descriptorpb.FieldDescriptorProto_TYPE_GROUP,
		descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_BYTES:
		packable = false
	}
	switch opts := d.fd.GetOptions(); {
	case opts.GetPacked() && !packable:
		errorf("only repeated numbers, bools and enums can be packed, remove the option")
	case opts != nil && opts.Packed != nil && f.syntax == "editions":
		errorf("editions have no option packed, use features.repeated_field_encoding")
	}
	features := d.fd.GetOptions().GetFeatures()
	if features.GetFieldPresence() != descriptorpb.FeatureSet_FIELD_PRESENCE_UNKNOWN {
		switch {
		case repeated, d.spec.member, d.spec.extension:
			errorf("the presence of a repeated field, a member of a oneof or an extension is fixed, remove features.field_presence")
		case message && features.GetFieldPresence() == descriptorpb.FeatureSet_IMPLICIT:
			errorf("a message field always has presence, remove features.field_presence")
		}
	}
	switch enc := features.GetRepeatedFieldEncoding(); {
	case enc == descriptorpb.FeatureSet_PACKED && !packable,
		enc == descriptorpb.FeatureSet_EXPANDED && !repeated:
		errorf("features.repeated_field_encoding is for repeated fields, PACKED for numbers, bools and enums only, remove it")
	}
	if features.GetMessageEncoding() != descriptorpb.FeatureSet_MESSAGE_ENCODING_UNKNOWN && (!message || d.spec.entry) {
		errorf("features.message_encoding is for message fields that are no maps, remove it")
	}
}
