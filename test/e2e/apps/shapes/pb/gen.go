package pb

//go:generate go run -C ../../../../../internal/protogen . -dir ../../test/e2e/apps/shapes/pb fault.proto legacy.proto shapes.proto
