package protoload

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
	textscanner "text/scanner"

	"github.com/bufbuild/protocompile/protoutil"
)

// testdataFS returns the test files, in memory.
func testdataFS(t testing.TB) fstest.MapFS {
	m := fstest.MapFS{}
	for _, name := range testdataNames(t) {
		b, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		m[name] = &fstest.MapFile{Data: b}
	}
	return m
}

// sourceTokens splits a source so that it can be put together again: spans are between the offsets.
func sourceTokens(src []byte) (offsets []int) {
	var s textscanner.Scanner
	s.Init(strings.NewReader(string(src)))
	s.Error = func(*textscanner.Scanner, string) {}
	s.Mode = textscanner.ScanIdents | textscanner.ScanStrings | textscanner.ScanComments | textscanner.SkipComments
	for tok := s.Scan(); tok != textscanner.EOF; tok = s.Scan() {
		offsets = append(offsets, s.Offset)
	}
	return append(offsets, len(src))
}

// TestLoad_agreesWithOracle_mutated changes the test files token by token. What both accept must be equal, and what
// the oracle accepts Load must accept as well.
func TestLoad_agreesWithOracle_mutated(t *testing.T) {
	if testing.Short() {
		t.Skip("thousands of files")
	}
	base := testdataFS(t)
	rnd := rand.New(rand.NewPCG(1, 2))
	accepted := 0
	try := func(name, src string) {
		fsys := maps.Clone(base)
		fsys[name] = &fstest.MapFile{Data: []byte(src)}
		want, oracleErr := oracle(t.Context(), fs.FS(fsys), name)
		got, err := Load(t.Context(), Options{FS: fsys}, name)
		switch {
		case err != nil && oracleErr == nil:
			t.Errorf("%s: only Load refuses: %v\n%s", name, err, src)
		case err == nil && oracleErr != nil:
			t.Logf("%s: only Load accepts: %v", name, oracleErr)
		case err == nil:
			accepted++
			set := got.DescriptorSet()
			if d := difference(protoutil.ProtoFromFileDescriptor(want[0]), set.File[len(set.File)-1]); d != "" {
				t.Errorf("%s: descriptors differ (-oracle +load): %s\n%s", name, d, src)
			}
		}
	}
	for _, name := range testdataNames(t) {
		src := string(base[name].Data)
		at := sourceTokens([]byte(src))
		for i := 1; i+1 < len(at); i++ {
			before, tok, after := src[:at[i]], src[at[i]:at[i+1]], src[at[i+1]:]
			try(name, before+after)             // without the token
			try(name, before+tok+" "+tok+after) // twice
			j := rnd.IntN(len(at) - 1)
			try(name, before+src[at[j]:at[j+1]]+" "+after) // another one in its place
			if i+2 < len(at) {                             // with the next one, the other way round
				next := src[at[i+1]:at[i+2]]
				try(name, before+next+" "+tok+src[at[i+2]:])
			}
		}
	}
	t.Logf("%d accepted", accepted)
}
