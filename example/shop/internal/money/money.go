// Package money computes with amounts of money, exactly.
package money

import (
	"errors"
	"fmt"

	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
)

const nanosPerUnit = 1_000_000_000

// ErrCurrency is an attempt to add amounts of different currencies.
var ErrCurrency = errors.New("money: different currencies")

// New returns an amount of a currency in hundredths.
func New(currency string, cents int64) *commonv1.Money {
	return &commonv1.Money{CurrencyCode: currency, Units: cents / 100, Nanos: int32(cents%100) * (nanosPerUnit / 100)}
}

// Sum adds amounts up. Of none, it is nil.
func Sum(amounts ...*commonv1.Money) (*commonv1.Money, error) {
	var sum *commonv1.Money
	for _, m := range amounts {
		switch {
		case m == nil:
		case sum == nil:
			sum = &commonv1.Money{CurrencyCode: m.CurrencyCode, Units: m.Units, Nanos: m.Nanos}
		case sum.CurrencyCode != m.CurrencyCode:
			return nil, fmt.Errorf("%w: %s and %s", ErrCurrency, sum.CurrencyCode, m.CurrencyCode)
		default:
			normalize(sum, sum.Units+m.Units, int64(sum.Nanos)+int64(m.Nanos))
		}
	}
	return sum, nil
}

// Times multiplies.
func Times(m *commonv1.Money, n int32) *commonv1.Money {
	product := &commonv1.Money{CurrencyCode: m.GetCurrencyCode()}
	normalize(product, m.GetUnits()*int64(n), int64(m.GetNanos())*int64(n))
	return product
}

// normalize sets m so that nanos are less than a unit, with the sign of units.
func normalize(m *commonv1.Money, units, nanos int64) {
	units, nanos = units+nanos/nanosPerUnit, nanos%nanosPerUnit
	switch {
	case units > 0 && nanos < 0:
		units, nanos = units-1, nanos+nanosPerUnit
	case units < 0 && nanos > 0:
		units, nanos = units+1, nanos-nanosPerUnit
	}
	m.Units, m.Nanos = units, int32(nanos)
}

// Cents is an amount in hundredths, less what is below one.
func Cents(m *commonv1.Money) int64 {
	return m.GetUnits()*100 + int64(m.GetNanos())/(nanosPerUnit/100)
}

// Format writes an amount for people, as in "EUR 12.50".
func Format(m *commonv1.Money) string {
	cents := Cents(m)
	sign := ""
	if cents < 0 {
		sign, cents = "-", -cents
	}
	return fmt.Sprintf("%s %s%d.%02d", m.GetCurrencyCode(), sign, cents/100, cents%100)
}
