package roundtrip

import (
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/cofaas/cofaas/internal/protoload"
)

// BenchmarkTypical is of what a typical message costs on its way from its wire bytes to a guest, which the host transcodes and the
// guest lifts, and on its way back. The alternative is that guests unmarshal and marshal the bytes themselves:
//
//	unmarshal-ratio = (native-decode-ns + guest-lift-ns) / guest-unmarshal-ns
//	marshal-ratio   = (guest-lower-ns + native-encode-ns) / guest-marshal-ns
//
// So a ratio of 1 is proto.Unmarshal natively times the engine's slowdown, guest-unmarshal-ns / native-unmarshal-ns. Neither ratio
// should be above 1.
//
// Each iteration measures everything once, so that they all meet the same neighbours on the machine. Reported are medians.
func BenchmarkTypical(b *testing.B) {
	wire := typical(b)
	// A program of its own, since only packages below the host's may transcode.
	native := buildTypical(b, Options{OS: runtime.GOOS, Arch: runtime.GOARCH, Main: "testdata/native.go"})
	guest := newGuest(b, buildTypical(b, Options{OS: "wasip1", Arch: "wasm"}))
	args := []string{"-time", hex.EncodeToString(wire), "-count", "50000"}
	series := map[string][]float64{}
	add := func(where, out string) {
		for line := range strings.Lines(out) {
			var name string
			var value float64
			if _, err := fmt.Sscan(line, &name, &value); err != nil {
				b.Fatalf("%q: %v", line, err)
			}
			name = where + name
			series[name] = append(series[name], value)
		}
	}
	median := func(name string) float64 {
		s := slices.Sorted(slices.Values(series[name]))
		return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
	}

	for b.Loop() {
		cmd := exec.CommandContext(b.Context(), native, args...)
		cmd.Stderr = os.Stderr
		out, err := cmd.Output()
		if err != nil {
			b.Fatal(err)
		}
		add("native-", string(out))
		block := strconv.Itoa(int(median("native-block")))
		add("guest-", guest.run(b, append(args, "-block", block)...))
	}

	b.ReportMetric(0, "ns/op") // An iteration is no operation.
	for name := range series {
		if name != "native-block" {
			b.ReportMetric(median(name), name+"-ns")
		}
	}
	b.ReportMetric((median("native-decode")+median("guest-lift"))/median("guest-unmarshal"), "unmarshal-ratio")
	b.ReportMetric((median("guest-lower")+median("native-encode"))/median("guest-marshal"), "marshal-ratio")
}

// typical is the message in testdata as wire bytes.
func typical(b *testing.B) []byte {
	b.Helper()
	files, err := protoload.Load(b.Context(), protoload.Options{ImportPaths: []string{"testdata"}}, "typical.proto")
	if err != nil {
		b.Fatal(err)
	}
	text, err := os.ReadFile("testdata/typical.txtpb")
	if err != nil {
		b.Fatal(err)
	}
	x := dynamicpb.NewMessage(files.All()[0].Messages().ByName("Order"))
	if err := prototext.Unmarshal(text, x); err != nil {
		b.Fatal(err)
	}
	wire, err := proto.MarshalOptions{Deterministic: true}.Marshal(x)
	if err != nil {
		b.Fatal(err)
	}
	return wire
}

func buildTypical(b *testing.B, opts Options) string {
	b.Helper()
	opts.Dir, opts.ImportPaths, opts.Files, opts.API = b.TempDir(), []string{"testdata"}, []string{"typical.proto"}, "open"
	exe, err := Build(b.Context(), opts)
	if err != nil {
		b.Fatal(err)
	}
	return exe
}
