package money

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
)

func TestSum(t *testing.T) {
	for _, tt := range []struct{ a, b, want int64 }{
		{0, 0, 0}, {1, 2, 3}, {99, 1, 100}, {1250, 1275, 2525}, {100, -1, 99}, {-100, 1, -99}, {-99, -2, -101}, {150, -250, -100},
	} {
		got, err := Sum(New("EUR", tt.a), nil, New("EUR", tt.b))
		if want := New("EUR", tt.want); err != nil || !proto.Equal(got, want) {
			t.Errorf("%d + %d = %v, %v; want %v", tt.a, tt.b, got, err, want)
		}
	}
	if sum, err := Sum(); sum != nil || err != nil {
		t.Errorf("the sum of nothing is %v, %v", sum, err)
	}
	if _, err := Sum(New("EUR", 1), New("NOK", 1)); !errors.Is(err, ErrCurrency) {
		t.Errorf("EUR and NOK: %v", err)
	}
}

func TestSum_Input(t *testing.T) {
	a := New("EUR", 1)
	if _, err := Sum(a, New("EUR", 2)); err != nil || Cents(a) != 1 {
		t.Errorf("the first amount is %d after a sum, %v", Cents(a), err)
	}
}

func TestTimes(t *testing.T) {
	for _, tt := range []struct {
		cents int64
		n     int32
		want  int64
	}{{1999, 3, 5997}, {-50, 3, -150}, {1, 0, 0}, {99, 99, 9801}} {
		if got := Cents(Times(New("EUR", tt.cents), tt.n)); got != tt.want {
			t.Errorf("%d x %d = %d, want %d", tt.cents, tt.n, got, tt.want)
		}
	}
}

func TestFormat(t *testing.T) {
	for _, tt := range []struct {
		m    *commonv1.Money
		want string
	}{{New("EUR", 1250), "EUR 12.50"}, {New("NOK", -5), "NOK -0.05"}, {New("NOK", -1205), "NOK -12.05"}, {New("EUR", 0), "EUR 0.00"}} {
		if got := Format(tt.m); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
