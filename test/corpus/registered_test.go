package corpus

import (
	"maps"
	"testing"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/cofaas/cofaas/internal/protoload"

	// One package of each module: they register what pbdesc reads, and keep the modules in go.mod.
	_ "cel.dev/expr"
	_ "cloud.google.com/go/iam/apiv1/iampb"
	_ "cloud.google.com/go/longrunning/autogen/longrunningpb"
	_ "github.com/census-instrumentation/opencensus-proto/gen-go/trace/v1"
	_ "github.com/cncf/xds/go/xds/core/v3"
	_ "github.com/container-storage-interface/spec/lib/go/csi"
	_ "github.com/containerd/containerd/api/services/tasks/v1"
	_ "github.com/envoyproxy/go-control-plane/envoy/config/core/v3"
	_ "github.com/gogo/protobuf/gogoproto"
	_ "github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-openapiv2/options"
	_ "github.com/hashicorp/consul/proto-public/pbacl"
	_ "github.com/pingcap/kvproto/pkg/metapb"
	_ "github.com/prometheus/client_model/go"
	_ "go.etcd.io/etcd/api/v3/etcdserverpb"
	_ "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	_ "go.temporal.io/api/workflowservice/v1"
	_ "google.golang.org/genproto/googleapis/api/annotations"
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"
	_ "google.golang.org/genproto/googleapis/type/datetime"
	_ "google.golang.org/grpc/health/grpc_health_v1"
	_ "k8s.io/cri-api/pkg/apis/runtime/v1"
	_ "k8s.io/kubelet/pkg/apis/podresources/v1"
)

// compareRegistered compares what pbdesc reads in generated code with what that code registers when it runs.
func compareRegistered(t *testing.T, mods []Module) {
	found := map[string]protoload.Descriptor{}
	for _, m := range mods {
		maps.Copy(found, m.descriptors)
	}
	n := 0
	protoregistry.GlobalFiles.RangeFiles(func(fd protoreflect.FileDescriptor) bool {
		got := found[fd.Path()].Proto
		want := protodesc.ToFileDescriptorProto(fd)
		// Some modules hold copies of files of others, in packages of their own.
		if got != nil && got.GetOptions().GetGoPackage() == want.GetOptions().GetGoPackage() {
			n++
			if diff := difference(want, got); diff != "" {
				t.Errorf("%s: (-registered +found): %s", fd.Path(), diff)
			}
		}
		return true
	})
	t.Logf("%d registered files agree", n)
	if n < 100 {
		t.Errorf("only %d of the registered files were found", n)
	}
}
