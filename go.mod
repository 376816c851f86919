module github.com/cofaas/cofaas

go 1.26.0

require (
	github.com/bufbuild/protocompile v0.14.1
	github.com/emicklei/proto v1.14.3
	github.com/google/go-cmp v0.7.0
	github.com/rogpeppe/go-internal v1.16.0
	github.com/sourcegraph/jsonrpc2 v0.2.3
	github.com/tetratelabs/wazero v1.12.0
	golang.org/x/mod v0.42.0
	golang.org/x/net v0.61.0
	golang.org/x/sync v0.24.0
	golang.org/x/sys v0.49.0
	golang.org/x/tools v0.52.0
	google.golang.org/genproto/googleapis/rpc v0.0.0-20261026165753-2ffab32bce7e
	google.golang.org/grpc v1.85.0
	google.golang.org/protobuf v1.36.12
)

require golang.org/x/text v0.43.0 // indirect

tool (
	github.com/cofaas/cofaas/cmd/cofaas-gen
	github.com/cofaas/cofaas/cmd/cofaas-vet
)
