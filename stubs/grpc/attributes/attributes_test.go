package attributes_test

import (
	"fmt"
	"testing"

	real "google.golang.org/grpc/attributes"

	"github.com/cofaas/cofaas/stubs/grpc/attributes"
)

type label string

func (l label) String() string { return "<" + string(l) + ">" }

// mod3 are equal if they are so modulo 3.
type mod3 int

func (m mod3) Equal(o any) bool { n, ok := o.(mod3); return ok && m%3 == n%3 }

type step struct{ key, value any }

func TestAttributes(t *testing.T) {
	lists := [][]step{
		nil,
		{{"a", "1"}},
		{{"a", "1"}, {"b", "2"}},
		{{"b", "2"}, {"a", "1"}},
		{{"a", "0"}, {"b", "2"}, {"a", "1"}},
		{{"a", "1"}, {"b", mod3(1)}},
		{{"a", "1"}, {"b", mod3(4)}},
		{{"a", "1"}, {"b", mod3(2)}},
		{{label("a"), label("1")}, {"a", (*label)(nil)}},
		{{"a", nil}},
	}
	var reals []*real.Attributes
	var stubs []*attributes.Attributes
	for _, list := range lists {
		var r *real.Attributes
		var s *attributes.Attributes
		for i, st := range list {
			if i == 0 {
				r, s = real.New(st.key, st.value), attributes.New(st.key, st.value)
			} else {
				r, s = r.WithValue(st.key, st.value), s.WithValue(st.key, st.value)
			}
		}
		reals, stubs = append(reals, r), append(stubs, s)
	}
	for i := range lists {
		if got, want := stubs[i].String(), reals[i].String(); got != want {
			t.Errorf("%v: got %s, grpc-go %s", lists[i], got, want)
		}
		gotJSON, _ := stubs[i].MarshalJSON()
		wantJSON, _ := reals[i].MarshalJSON()
		if string(gotJSON) != string(wantJSON) {
			t.Errorf("%v: got %s, grpc-go %s", lists[i], gotJSON, wantJSON)
		}
		for _, key := range []any{"a", "b", label("a"), "c"} {
			if got, want := fmt.Sprint(stubs[i].Value(key)), fmt.Sprint(reals[i].Value(key)); got != want {
				t.Errorf("%v[%v]: got %s, grpc-go %s", lists[i], key, got, want)
			}
		}
		for j := range lists {
			if got, want := stubs[i].Equal(stubs[j]), reals[i].Equal(reals[j]); got != want {
				t.Errorf("%v equals %v: got %t, grpc-go %t", lists[i], lists[j], got, want)
			}
		}
	}
}
