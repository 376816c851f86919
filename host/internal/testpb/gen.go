// Package testpb is the schema that the tests of the host transcode by, as protobuf-go's generated code has it: what that accepts
// and writes is what a native server would.
package testpb

//go:generate go run -C ../../../internal/protogen . -dir ../../host/internal/testpb -M schema.proto=github.com/cofaas/cofaas/host/internal/testpb -M legacy.proto=github.com/cofaas/cofaas/host/internal/testpb -M edition.proto=github.com/cofaas/cofaas/host/internal/testpb -M delimited.proto=github.com/cofaas/cofaas/host/internal/testpb schema.proto legacy.proto edition.proto delimited.proto
