package pb

//go:generate go run -C ../../../internal/protogen . -dir ../../test/network/pb network.proto
