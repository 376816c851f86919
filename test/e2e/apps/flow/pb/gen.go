package pb

//go:generate go run -C ../../../../../internal/protogen . -dir ../../test/e2e/apps/flow/pb flow.proto
