package mapping

import "github.com/cofaas/cofaas/internal/abi"

// The types of interface cofaas:grpc/types: what google.rpc.Status carries. Package guest writes and reads them at fixed
// offsets; a test there holds it to these.
var (
	DetailType = abi.RecordOf(
		abi.Field{Name: "type-url", Type: abi.StringType},
		abi.Field{Name: "value", Type: abi.BytesType},
	)
	StatusType = abi.RecordOf(
		abi.Field{Name: "code", Type: abi.U32Type},
		abi.Field{Name: "message", Type: abi.StringType},
		abi.Field{Name: "details", Type: abi.ListOf(DetailType)},
	)
	// EndType is how a streaming call ends: result<_, status>.
	EndType = abi.ResultOf(nil, StatusType)
)
