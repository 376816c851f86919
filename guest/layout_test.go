package guest

import (
	"go/ast"
	"go/constant"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"testing"
	"unsafe"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
)

// hostConstants are the constants of files of package host, which neither side exports.
func hostConstants(t *testing.T, names ...string) map[string]uintptr {
	t.Helper()
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range names {
		f, err := parser.ParseFile(fset, "../host/"+name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	// What the files refer to elsewhere is missing, and does not matter to constants.
	conf := types.Config{Importer: importer.Default(), Error: func(error) {}}
	pkg, _ := conf.Check("host", fset, files, nil)
	out := map[string]uintptr{}
	for _, name := range pkg.Scope().Names() {
		if c, ok := pkg.Scope().Lookup(name).(*types.Const); ok && c.Val().Kind() == constant.Int {
			v, _ := constant.Uint64Val(c.Val())
			out[name] = uintptr(v)
		}
	}
	return out
}

func TestControlLayout(t *testing.T) {
	host := hostConstants(t, "control.go", "metadata.go", "outbox.go", "streamend.go")
	for name, want := range map[string]uintptr{
		"controlArenaNext":     unsafe.Offsetof(control.arenaNext),
		"controlArenaEnd":      unsafe.Offsetof(control.arenaEnd),
		"controlInDeadline":    unsafe.Offsetof(control.inDeadline),
		"controlInFlags":       unsafe.Offsetof(control.inFlags),
		"controlOutFlags":      unsafe.Offsetof(control.outFlags),
		"controlOutDeadline":   unsafe.Offsetof(control.outDeadline),
		"controlOutMeta":       unsafe.Offsetof(control.outMetaPtr),
		"controlOutMeta + 4":   unsafe.Offsetof(control.outMetaLen),
		"controlReplyMeta":     unsafe.Offsetof(control.replyMetaPtr),
		"controlReplyMeta + 4": unsafe.Offsetof(control.replyMetaLen),
		"controlOutboxes":      unsafe.Offsetof(control.outboxes),
		"controlSize":          unsafe.Sizeof(control),
		"outboxNext":           unsafe.Offsetof(outbox{}.next),
		"outboxStream":         unsafe.Offsetof(outbox{}.stream),
		"outboxLen":            unsafe.Offsetof(outbox{}.n),
		"outboxLimit":          unsafe.Offsetof(outbox{}.limit),
		"outboxListed":         unsafe.Offsetof(outbox{}.listed),
		"outboxAt":             unsafe.Offsetof(outbox{}.at),
		"outboxRoom":           outboxRoom,
		"outboxSize":           unsafe.Sizeof(outbox{}),
		"maxBatch":             maxReceived,
		"inHasMetadata":        inHasMetadata,
		"outWantHeaders":       outWantHeaders,
		"metaTrailer":          metaTrailer,
	} {
		second := uintptr(0)
		if n := len(name) - len(" + 4"); n > 0 && name[n:] == " + 4" {
			name, second = name[:n], 4
		}
		got, ok := host[name]
		if !ok {
			t.Errorf("package host has no constant %s", name)
		} else if got+second != want {
			t.Errorf("%s: the host has %d, and the guest %d", name, got+second, want)
		}
	}
}

func TestStatusLayout(t *testing.T) {
	status, detail := mapping.StatusType, mapping.DetailType
	checkLayout(t, []layoutCase{
		{"code", statusCode, status.Fields[0].Offset},
		{"message", statusMessage, status.Fields[1].Offset},
		{"details", statusDetails, status.Fields[2].Offset},
		{"type-url", detailURL, detail.Fields[0].Offset},
		{"value", detailValue, detail.Fields[1].Offset},
		{"size of a detail", detailSize, detail.Size},
	})
}

// layoutCase is a number that a guest has as a constant, and the mapping computes.
type layoutCase struct {
	name      string
	got, want uint32
}

func checkLayout(t *testing.T, cases []layoutCase) {
	t.Helper()
	for _, c := range cases {
		if c.got != c.want {
			t.Errorf("%s: the guest has %d, and the mapping %d", c.name, c.got, c.want)
		}
	}
}

// TestTranscodingLayout holds the constants to what the mapping makes of the messages in package isolate/protocol.
func TestTranscodingLayout(t *testing.T) {
	record := func(types ...*abi.Type) *abi.Type {
		var fields []abi.Field
		for _, typ := range append(types, abi.BytesType) { // unknown fields
			fields = append(fields, abi.Field{Type: typ})
		}
		return abi.RecordOf(fields...)
	}
	in, out := record(abi.StringType, abi.StringType, abi.BoolType, abi.BytesType), record(abi.BytesType, abi.BoolType)
	f := abi.NewFunc(in, abi.ResultOf(out, mapping.StatusType))
	checkLayout(t, []layoutCase{
		{"codec", transcodingCodec, in.Fields[0].Offset},
		{"method", transcodingMethod, in.Fields[1].Offset},
		{"reply", transcodingReply, in.Fields[2].Offset},
		{"data", transcodingData, in.Fields[3].Offset},
		{"data of the outcome", transcodedData, out.Fields[0].Offset},
		{"done", transcodedDone, out.Fields[1].Offset},
		{"size of the outcome", transcodedSize, out.Size},
		{"size of the result", transcodingResult, f.Result.Size},
		{"payload", transcodingPayload, f.Result.Payload},
		{"parameters", uint32(len([9]uint32{})), uint32(len(in.Flat))},
		{"frame", transcodingFrame, uint32(len(in.Flat)*4+7)&^7 + 8},
	})
	for i, c := range in.Flat {
		if c != abi.I32 || 4*uint32(i) != in.Slots()[i].Offset {
			t.Errorf("parameter %d is no word of the record", i)
		}
	}
}
