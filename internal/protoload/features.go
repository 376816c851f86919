package protoload

import (
	"cmp"
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
	f.checkLegacyOptions(d, errorf)
	features := d.fd.GetOptions().GetFeatures()
	if d.fd.DefaultValue != nil && !repeated && !d.spec.member && !d.spec.extension && f.syntax == "editions" &&
		cmp.Or(features.GetFieldPresence(), f.fd.GetOptions().GetFeatures().GetFieldPresence()) == descriptorpb.FeatureSet_IMPLICIT {
		errorf("a field without presence has no default, remove it or set features.field_presence = EXPLICIT")
	}
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

// checkLegacyOptions checks the options of a field that are for other languages.
func (f *file) checkLegacyOptions(d declaredField, errorf func(format string, args ...any)) {
	opts := d.fd.GetOptions()
	if (opts.GetLazy() || opts.GetUnverifiedLazy()) && d.fd.GetType() != descriptorpb.FieldDescriptorProto_TYPE_MESSAGE {
		errorf("only message fields can be lazy, remove the option")
	}
	if opts.GetJstype() != descriptorpb.FieldOptions_JS_NORMAL {
		switch d.fd.GetType() {
		case descriptorpb.FieldDescriptorProto_TYPE_INT64, descriptorpb.FieldDescriptorProto_TYPE_UINT64,
			descriptorpb.FieldDescriptorProto_TYPE_SINT64, descriptorpb.FieldDescriptorProto_TYPE_FIXED64,
			descriptorpb.FieldDescriptorProto_TYPE_SFIXED64:
		default:
			errorf("option jstype is for 64-bit integers, remove it")
		}
	}
	if opts != nil && opts.Ctype != nil && f.edition >= descriptorpb.Edition_EDITION_2024 {
		errorf("edition 2024 has no option ctype, remove it")
	}
}

// checkStrict checks that files whose symbols are strictly visible export none that are nested. Enums in a message that
// only lends its name are excepted.
func (f *file) checkStrict(r *report) {
	if f.defaultVisibility() != descriptorpb.FeatureSet_VisibilityFeature_STRICT {
		return
	}
	for full, s := range f.declared {
		if s.typ == nil || !s.nested || !s.exported() {
			continue
		}
		around := f.declared[parentName(full)]
		if s.kind == kindEnum && !around.nested && !around.exported() {
			if rs := around.message().GetReservedRange(); len(rs) == 1 && rs[0].GetStart() == 1 && rs[0].GetEnd() == maxFieldNumber+1 {
				continue
			}
		}
		r.add(s.pos, s.String(), "features.default_symbol_visibility = STRICT lets nothing nested be exported, move it out")
	}
}
