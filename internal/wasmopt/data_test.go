package wasmopt

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"github.com/tetratelabs/wazero"
)

// testModule has one exported page of memory and the data sections.
func testModule(sections ...string) []byte {
	module := "\x00asm\x01\x00\x00\x00" +
		"\x05\x83\x80\x80\x80\x00\x01\x00\x01" + // memory section, its size padded as the linker does
		"\x07\x0a\x01\x06memory\x02\x00"
	for _, s := range sections {
		module += s
	}
	return []byte(module)
}

func testData(segments ...segment) string {
	content := appendSegments(nil, segments)
	return string(appendU32([]byte{sectionData}, uint32(len(content)))) + string(content)
}

// memory is what a module has in memory when an engine has instantiated it.
func memory(t *testing.T, module []byte) []byte {
	t.Helper()
	rt := wazero.NewRuntimeWithConfig(t.Context(), wazero.NewRuntimeConfigInterpreter())
	defer rt.Close(t.Context())
	m, err := rt.Instantiate(t.Context(), module)
	if err != nil {
		t.Fatal(err)
	}
	mem, _ := m.Memory().Read(0, m.Memory().Size())
	return bytes.Clone(mem)
}

func TestModule_data(t *testing.T) {
	ones := bytes.Repeat([]byte{1}, 100)
	at := func(offset, n int) segment { return segment{uint32(offset), ones[:n]} }
	custom := "\x00\x05\x04name"
	for _, tt := range []struct {
		name     string
		segments []segment
		want     int
	}{
		{"none", nil, 0},
		{"one", []segment{at(0, 10)}, 1},
		{"gap", []segment{at(8, 10), at(18+joinGap, 1)}, 1},
		{"wide gap", []segment{at(8, 10), at(19+joinGap, 1)}, 2},
		{"no gap", []segment{at(8, 10), at(18, 10), at(28, 10)}, 1},
		{"overlap", []segment{at(8, 10), at(17, 10)}, 2},
		{"backwards", []segment{at(1000, 10), at(900, 10), at(920, 10)}, 2},
		{"gap that is written", []segment{at(915, 1), at(900, 10), at(920, 10)}, 3},
		{"gap beside what is written", []segment{at(920, 1), at(909, 1), at(900, 10), at(920, 10)}, 3},
		{"to the last byte", []segment{at(0xffff, 1), at(0x8000, 64)}, 2},
		{"empty segment", []segment{at(5, 0), at(9, 3)}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			module := testModule(testData(tt.segments...), custom)
			got, err := joinModule(module)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(memory(t, got), memory(t, module)) {
				t.Error("memory differs")
			}
			if !bytes.HasSuffix(got, []byte(custom)) {
				t.Error("a section is missing")
			}
			joined := join(tt.segments)
			if len(joined) != tt.want {
				t.Errorf("got %d segments, want %d", len(joined), tt.want)
			}
			if want := testModule(testData(joined...), custom); !bytes.Equal(got, want) {
				t.Errorf("got  %q\nwant %q", got, want)
			}
		})
	}
}

// Whatever the segments, memory is the same.
func TestModule_data_random(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		var segments []segment
		for i := range 1 + random.IntN(20) {
			offset := random.IntN(400)
			if last := len(segments) - 1; last >= 0 && random.IntN(2) == 0 {
				offset = int(segments[last].end()) + random.IntN(2*joinGap)
			}
			segments = append(segments, segment{uint32(offset), bytes.Repeat([]byte{byte(i + 1)}, random.IntN(30))})
		}
		module := testModule(testData(segments...))
		got, err := joinModule(module)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(memory(t, got), memory(t, module)) {
			t.Fatalf("memory differs: %v", segments)
		}
	}
}

func TestModule_data_count(t *testing.T) {
	module := testModule("\x0c\x01\x02", testData(segment{0, []byte{1}}, segment{2, []byte{1}}))
	got, err := joinModule(module)
	if err != nil || !bytes.Equal(got, module) {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestModule_data_Errors(t *testing.T) {
	whole := testModule(testData(segment{8, []byte("data")}))
	for i := range whole {
		// A module may end where a section does.
		if i == 8 || i == 17 || i == 29 {
			continue
		}
		if _, err := joinModule(whole[:i]); err == nil {
			t.Errorf("no error for the first %d bytes of %d", i, len(whole))
		}
	}
	// What the linker does not write stays.
	for _, section := range []string{
		"\x0b\x06\x01\x01\x00\x00\x00\x00",                     // passive
		"\x0b\x06\x01\x00\x23\x00\x0b\x00",                     // at a global
		"\x0b\x07\x01\x00\x41\x00\x0b\x00\x00",                 // more than its segments
		"\x0b\x0b\x01\x00\x41\x80\x80\x80\x80\x80\x00\x0b\x00", // a long number
	} {
		module := testModule(section)
		if got, err := joinModule(module); err != nil || !bytes.Equal(got, module) {
			t.Errorf("%q became %q, %v", module, got, err)
		}
	}
	if _, err := joinModule(testModule("\x0b\x86\x80\x80\x80\x80\x00")); err == nil {
		t.Error("no error for a long size")
	}
}

func joinModule(module []byte) ([]byte, error) {
	out, _, err := Module(module)
	return out, err
}

func TestAppendS32(t *testing.T) {
	for _, v := range []int32{0, 1, 63, 64, 8191, 8192, 1<<31 - 1, -1, -64, -65, -1 << 31} {
		r := reader{b: appendS32(nil, v)}
		if got := r.s32(); got != int64(v) || r.err != nil || r.more() {
			t.Errorf("got %d, want %d", got, v)
		}
	}
}
