package main

import (
	"math"
	"slices"
	"strconv"
)

// Figure is the distribution of one measured thing.
type Figure struct {
	Name   string  `json:"name"`
	Unit   string  `json:"unit"`
	Median float64 `json:"median"`
	P99    float64 `json:"p99"`
	N      int     `json:"n"`
}

// newFigure sums up at least one sample.
func newFigure(name, unit string, samples []float64) Figure {
	sorted := slices.Sorted(slices.Values(samples))
	return Figure{name, unit, round(quantile(sorted, 0.5)), round(quantile(sorted, 0.99)), len(sorted)}
}

// quantile interpolates between the two samples nearest to q in 0 to 1; it is NaN without samples.
func quantile(sorted []float64, q float64) float64 {
	if len(sorted) == 0 {
		return math.NaN()
	}
	at := q * float64(len(sorted)-1)
	low := int(at)
	high := min(low+1, len(sorted)-1)
	return sorted[low] + (at-float64(low))*(sorted[high]-sorted[low])
}

// round keeps four significant digits; noise is all that comes after them. Whole numbers stay as they are.
func round(x float64) float64 {
	if x == 0 || x == math.Trunc(x) || math.IsNaN(x) || math.IsInf(x, 0) {
		return x
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 4, 64), 64)
	if err != nil {
		return x
	}
	return rounded
}
