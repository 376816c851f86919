package guest

import (
	"bytes"
	"slices"
	"testing"
)

func TestParsePairs(t *testing.T) {
	header := []Pair{{"a", "1"}, {"b-bin", "\x00\xff"}, {"a", ""}}
	trailer := []Pair{{"t", "2"}}
	b := AppendPairs(AppendPairs(nil, header, false), trailer, true)
	h, tr, err := ParsePairs(b)
	if err != nil || !slices.Equal(h, header) || !slices.Equal(tr, trailer) {
		t.Errorf("got %q, %q, %v", h, tr, err)
	}
	clear(b)
	if !slices.Equal(h, header) {
		t.Error("what is parsed is no copy")
	}
	if h, tr, err := ParsePairs(nil); h != nil || tr != nil || err != nil {
		t.Errorf("of nothing: %q, %q, %v", h, tr, err)
	}
}

func TestParsePairs_Errors(t *testing.T) {
	good := AppendPair(nil, "key", "value")
	changed := func(i int, v byte) []byte {
		b := bytes.Clone(good)
		b[i] = v
		return b
	}
	for name, b := range map[string][]byte{
		"a head cut off":      good[:entryHead-1],
		"a value cut off":     good[:len(good)-1],
		"bytes at the end":    append(bytes.Clone(good), 0),
		"a key too long":      changed(3, 0xff),
		"a value too long":    changed(7, 0xff),
		"lengths that wrap":   changed(3, 0x80)[:entryHead],
		"an empty key":        AppendPair(nil, "", "value"),
		"a flag of no use":    changed(8, 2),
		"a flag far above":    changed(11, 1),
		"both lengths at max": append(bytes.Repeat([]byte{0xff}, 8), 0, 0, 0, 0),
	} {
		if _, _, err := ParsePairs(b); err == nil {
			t.Errorf("%s is accepted", name)
		}
		if CheckPairs(b) == nil {
			t.Errorf("%s is found to be good", name)
		}
	}
}

// FuzzParsePairs checks that bytes of any kind are taken apart completely or refused.
func FuzzParsePairs(f *testing.F) {
	f.Add(AppendPairs(AppendPair(nil, "a", "1"), []Pair{{"t", "2"}}, true))
	f.Add([]byte{1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 'k'})
	f.Fuzz(func(t *testing.T, b []byte) {
		header, trailer, err := ParsePairs(b)
		if err != nil {
			return
		}
		// Entries of the two kinds may have been mixed, so that only lengths and another round can be compared.
		again := AppendPairs(AppendPairs(nil, header, false), trailer, true)
		h, tr, err := ParsePairs(again)
		if err != nil || len(again) != len(b) || !slices.Equal(h, header) || !slices.Equal(tr, trailer) {
			t.Errorf("%q gives %q, %q", b, header, trailer)
		}
	})
}
