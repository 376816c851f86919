package protoload

import (
	// These link files: the well-known ones, and those of gRPC's error model.
	_ "google.golang.org/genproto/googleapis/rpc/code"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	_ "google.golang.org/genproto/googleapis/rpc/status"
	_ "google.golang.org/protobuf/types/gofeaturespb"
	_ "google.golang.org/protobuf/types/known/anypb"
	_ "google.golang.org/protobuf/types/known/apipb"
	_ "google.golang.org/protobuf/types/known/durationpb"
	_ "google.golang.org/protobuf/types/known/emptypb"
	_ "google.golang.org/protobuf/types/known/fieldmaskpb"
	_ "google.golang.org/protobuf/types/known/sourcecontextpb"
	_ "google.golang.org/protobuf/types/known/structpb"
	_ "google.golang.org/protobuf/types/known/timestamppb"
	_ "google.golang.org/protobuf/types/known/typepb"
	_ "google.golang.org/protobuf/types/known/wrapperspb"
	_ "google.golang.org/protobuf/types/pluginpb"
)

// wellKnown are the files that are linked and never read: generated code uses those too, whatever an import path holds.
var wellKnown = map[string]bool{
	"google/protobuf/any.proto":             true,
	"google/protobuf/api.proto":             true,
	"google/protobuf/compiler/plugin.proto": true,
	"google/protobuf/descriptor.proto":      true,
	"google/protobuf/duration.proto":        true,
	"google/protobuf/empty.proto":           true,
	"google/protobuf/field_mask.proto":      true,
	"google/protobuf/go_features.proto":     true,
	"google/protobuf/source_context.proto":  true,
	"google/protobuf/struct.proto":          true,
	"google/protobuf/timestamp.proto":       true,
	"google/protobuf/type.proto":            true,
	"google/protobuf/wrappers.proto":        true,
}

// linked are files that are linked as well, and taken when they are found nowhere else.
var linked = map[string]bool{
	"google/rpc/code.proto":          true,
	"google/rpc/error_details.proto": true,
	"google/rpc/status.proto":        true,
}

// standIns are sources for files that protoc ships and protobuf-go does not link, and that are found nowhere else. All
// they declare serves in custom options, which are not read: the names are enough.
var standIns = map[string]string{
	"google/protobuf/cpp_features.proto": `edition = "2023"; package pb; import "google/protobuf/descriptor.proto";
		extend google.protobuf.FeatureSet { CppFeatures cpp = 1000; } message CppFeatures {}`,
	"google/protobuf/java_features.proto": `edition = "2023"; package pb; import "google/protobuf/descriptor.proto";
		extend google.protobuf.FeatureSet { JavaFeatures java = 1001; } message JavaFeatures {}`,
}
