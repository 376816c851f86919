package corpus

// module is what is known of a module before it is loaded.
type module struct {
	path string
	// mounts say by which names its .proto files are imported; none means that it ships none.
	mounts []mount
	// skip are folders of which nothing is read, relative to the module, and why.
	skip map[string]string
	// managed tells that buf set file options that the sources do not have.
	managed bool
}

// mount gives the files below a folder of the module their names.
type mount struct{ prefix, dir string }

var root = []mount{{"", "."}}

var modules = []module{
	{path: "cel.dev/expr", mounts: []mount{{"", "proto"}}},
	{path: "cloud.google.com/go/iam"},
	{path: "cloud.google.com/go/longrunning"},
	{path: "github.com/census-instrumentation/opencensus-proto", mounts: []mount{{"", "src"}}},
	{path: "github.com/cncf/xds/go"},
	{path: "github.com/container-storage-interface/spec", mounts: root},
	{path: "github.com/containerd/containerd/api", mounts: root},
	{path: "github.com/envoyproxy/go-control-plane/envoy"},
	{path: "github.com/gogo/protobuf", mounts: []mount{{"", "gogoproto"}, {"", "."}}, skip: map[string]string{
		"gogoreplace":              "needs what gogoreplace makes of it",
		"proto":                    "holds files for tests in many copies, all by one name",
		"protoc-gen-gogo/grpc":     "likewise",
		"protobuf":                 "holds the well-known files, which Load never reads",
		"protoc-gen-gogo/testdata": "likewise",
		"test":                     "likewise",
		"vanity":                   "likewise",
	}},
	{path: "github.com/grpc-ecosystem/grpc-gateway/v2", mounts: root},
	{path: "github.com/hashicorp/consul/proto-public", mounts: root, managed: true},
	{path: "github.com/pingcap/kvproto", mounts: []mount{{"", "proto"}, {"", "include"}}, skip: map[string]string{
		"include/google/protobuf": "holds well-known files, which Load never reads",
	}},
	{path: "github.com/prometheus/client_model", mounts: root},
	{path: "go.etcd.io/etcd/api/v3", mounts: []mount{
		{"", "authpb"}, {"", "etcdserverpb"}, {"", "membershippb"}, {"", "mvccpb"}, {"", "versionpb"}}},
	{path: "go.opentelemetry.io/proto/otlp"},
	{path: "go.temporal.io/api", mounts: root},
	{path: "google.golang.org/genproto", skip: map[string]string{
		"googleapis/cloud/contentwarehouse":         "is about services of other modules",
		"googleapis/cloud/recommender/logging":      "likewise",
		"googleapis/cloud/sensitiveaction":          "likewise",
		"googleapis/cloud/video/livestream/logging": "likewise",
	}},
	{path: "google.golang.org/genproto/googleapis/api"},
	{path: "google.golang.org/genproto/googleapis/rpc"},
	{path: "google.golang.org/grpc", mounts: root},
	{path: "google.golang.org/protobuf", mounts: root, skip: map[string]string{
		"src":                           "holds the well-known files, which Load never reads",
		"internal/testprotos/irregular": "refers to messages that no protoc made",
		"internal/testprotos/legacy":    "likewise",
	}},
	{path: "k8s.io/cri-api", mounts: []mount{{"staging/src/k8s.io/cri-api/", "."}}},
	{path: "k8s.io/kubelet", mounts: []mount{{"staging/src/k8s.io/kubelet/", "."}}},
}
