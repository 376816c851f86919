package pb

//go:generate go run -C ../../../internal/protogen . -dir ../../test/contract/pb contract.proto
