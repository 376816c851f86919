package placement_test

import (
	"reflect"
	"testing"

	"github.com/cofaas/cofaas/internal/placement"
)

func TestParse(t *testing.T) {
	type places = []placement.Place
	for text, want := range map[string]placement.Entry{
		"native":           {Places: places{placement.Native}},
		"cart=remote":      {Function: "cart", Places: places{placement.Remote}},
		"cart=native,wasm": {Function: "cart", Places: places{placement.Native, placement.Wasm}},
	} {
		if got, err := placement.Parse(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}
	for text, want := range map[string]string{
		"":                   `"" is no place for a function: want wasm, native or remote`,
		"cart":               `"cart" is no place for a function: want wasm, native or remote`,
		"=native":            `"=native" names no function: want FUNCTION=PLACE`,
		"cart=native,":       `"" is no place for a function: want wasm, native or remote`,
		"cart=wasm,wasm":     `"cart=wasm,wasm" has wasm twice`,
		"cart=native,remote": "a function that is remote is not built for another place: want remote alone",
	} {
		if _, err := placement.Parse(text); err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
