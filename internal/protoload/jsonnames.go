package protoload

import "google.golang.org/protobuf/types/descriptorpb"

const (
	jsonAllow  = descriptorpb.FeatureSet_ALLOW
	jsonLegacy = descriptorpb.FeatureSet_LEGACY_BEST_EFFORT
)

// checkJSONNames reports fields of a message that have the same name in JSON. Both the names that options give and those
// that fields have without options must differ: field masks use the latter. Files that are lenient about JSON, as proto2
// files are, may have fields that clash by a name which nobody chose.
func (f *file) checkJSONNames(r *report) {
	format := jsonAllow
	if f.syntax == "proto2" {
		format = jsonLegacy
	}
	var walk func(list []*descriptorpb.DescriptorProto, scope string, format descriptorpb.FeatureSet_JsonFormat)
	walk = func(list []*descriptorpb.DescriptorProto, scope string, format descriptorpb.FeatureSet_JsonFormat) {
		for _, md := range list {
			full, format := join(scope, md.GetName()), jsonFormat(md.GetOptions().GetFeatures(), format)
			walk(md.NestedType, full, format)
			//lint:ignore SA1019 deprecated for those who write protos, not for those who read them
			if !md.GetOptions().GetDeprecatedLegacyJsonFieldConflicts() {
				f.checkJSONNamesOf(r, md, full, format)
			}
		}
	}
	walk(f.fd.MessageType, f.fd.GetPackage(), jsonFormat(f.fd.GetOptions().GetFeatures(), format))
}

func jsonFormat(fs *descriptorpb.FeatureSet, inherited descriptorpb.FeatureSet_JsonFormat) descriptorpb.FeatureSet_JsonFormat {
	if v := fs.GetJsonFormat(); v != descriptorpb.FeatureSet_JSON_FORMAT_UNKNOWN {
		return v
	}
	return inherited
}

func (f *file) checkJSONNamesOf(r *report, md *descriptorpb.DescriptorProto, full string, format descriptorpb.FeatureSet_JsonFormat) {
	type name struct {
		field  string
		chosen bool
	}
	byDefault, byName := map[string]string{}, map[string]name{}
	clash := func(field, other, json string, chosen bool) {
		if field != other && (chosen || format == jsonAllow) { // fields of one name were reported
			s := f.declared[join(full, field)]
			r.add(s.pos, s.String(), "has the JSON name %q, as field %s has, rename one of them or set json_name", json, other)
		}
	}
	for _, fd := range md.Field {
		implied := jsonName(fd.GetName())
		other, taken := byDefault[implied]
		if taken {
			clash(fd.GetName(), other, implied, false)
		} else {
			byDefault[implied] = fd.GetName()
		}
		n := name{fd.GetName(), fd.GetJsonName() != implied}
		if other, ok := byName[fd.GetJsonName()]; !ok {
			byName[fd.GetJsonName()] = n
		} else if !taken || n.chosen || other.chosen { // else it was reported
			clash(n.field, other.field, fd.GetJsonName(), n.chosen && other.chosen)
		}
	}
}
