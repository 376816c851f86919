package codes_test

import (
	"encoding/json"
	"fmt"
	"testing"

	real "google.golang.org/grpc/codes"

	"github.com/cofaas/cofaas/stubs/grpc/codes"
)

func TestString(t *testing.T) {
	for _, n := range []uint32{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 99, 1<<32 - 1} {
		if got, want := codes.Code(n).String(), real.Code(n).String(); got != want {
			t.Errorf("%d: got %s, grpc-go %s", n, got, want)
		}
	}
}

func TestUnmarshalJSON(t *testing.T) {
	for _, in := range []string{
		`0`, `5`, `16`, `17`, `-1`, `99999999999`, `null`, `"OK"`, `"CANCELLED"`, `"CANCELED"`, `"NOT_FOUND"`, `"NotFound"`,
		`"not_found"`, `"UNAUTHENTICATED"`, `"5"`, `""`, `"`, `true`, `1.5`, `[1]`, `x`,
	} {
		got, want := codes.Code(3), real.Code(3)
		gerr, werr := got.UnmarshalJSON([]byte(in)), want.UnmarshalJSON([]byte(in))
		if uint32(got) != uint32(want) || fmt.Sprint(gerr) != fmt.Sprint(werr) {
			t.Errorf("%s: got %v, %v; grpc-go %v, %v", in, got, gerr, want, werr)
		}
	}
	if fmt.Sprint((*codes.Code)(nil).UnmarshalJSON([]byte("1"))) != fmt.Sprint((*real.Code)(nil).UnmarshalJSON([]byte("1"))) {
		t.Error("nil receiver")
	}
	var both struct{ A, B codes.Code }
	if err := json.Unmarshal([]byte(`{"A": "ABORTED", "B": 7}`), &both); err != nil || both.A != codes.Aborted || both.B != codes.PermissionDenied {
		t.Errorf("got %v, %v", both, err)
	}
}
