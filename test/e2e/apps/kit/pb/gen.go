package pb

//go:generate go run -C ../../../../../internal/protogen . -dir ../../test/e2e/apps/kit/pb kit.proto
