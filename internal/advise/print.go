package advise

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/cofaas/cofaas/internal/placement"
)

// JSON writes the advice as JSON.
func (a *Advice) JSON(w io.Writer) error {
	data, err := json.MarshalIndent(a, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// Text writes the advice as a table, with reasons and flags.
func (a *Advice) Text(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "What a call takes in each place, with the way of the calls that it makes but not what is done for them.\n")
	fmt.Fprintf(&b, "Costs of calls: %s.\n\n", a.Constants.Source)
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "function\tnow\tcalls\tbytes\tcomputes\twasm\tnative\tremote\tadvice")
	for i := range a.Functions {
		f := &a.Functions[i]
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\t%s", f.Name, f.Now, f.Calls, bytesOf(f.Bytes), nanos(f.Predictions[f.Now].Compute.Mid))
		for _, p := range placement.All {
			fmt.Fprintf(t, "\t%s", cell(f, p))
		}
		fmt.Fprintf(t, "\t%s\n", f.verdict())
	}
	if err := t.Flush(); err != nil {
		return err
	}
	b.WriteByte('\n')
	for i := range a.Functions {
		fmt.Fprintf(&b, "%s %s.\n", a.Functions[i].Name, a.Functions[i].Reason)
	}
	if len(a.GenerateFlags) > 0 {
		fmt.Fprintf(&b, "\nTo do so, generate with\n\n\tcofaas-gen %s\n", strings.Join(a.GenerateFlags, " "))
	}
	if len(a.StartFlags) > 0 {
		fmt.Fprintf(&b, "\nTo do so, start the host with\n\n\t%s\n", strings.Join(a.StartFlags, " "))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// verdict is the recommendation in a word or two.
func (f *FunctionAdvice) verdict() string {
	switch {
	case f.Calls == 0:
		return "-"
	case f.Recommended == f.Now && f.Sure:
		return "stay"
	case f.Recommended == f.Now:
		return "try " + string(other(f.Now))
	case f.Sure:
		return string(f.Recommended)
	default:
		return "probably " + string(f.Recommended)
	}
}

// cell is the latency and the processor time of a call in a place.
func cell(f *FunctionAdvice, p placement.Place) string {
	if f.Calls == 0 {
		return "-"
	}
	return span(f.Predictions[p].Latency)
}

// span is a range in words.
func span(r Range) string {
	low, high := nanos(r.Low), nanos(r.High)
	if low == high {
		return low
	}
	lowNumber, lowUnit, _ := strings.Cut(low, " ")
	if _, unit, _ := strings.Cut(high, " "); unit == lowUnit {
		return lowNumber + " to " + high
	}
	return low + " to " + high
}

// nanos is a time in words, with two or three digits.
func nanos(ns float64) string {
	switch us := ns / 1000; {
	case us < 9.95:
		return strconv.FormatFloat(us, 'f', 1, 64) + " us"
	case us < 999.5:
		return strconv.FormatFloat(us, 'f', 0, 64) + " us"
	case us < 9_950:
		return strconv.FormatFloat(us/1000, 'f', 1, 64) + " ms"
	default:
		return strconv.FormatFloat(us/1000, 'f', 0, 64) + " ms"
	}
}

// bytesOf is a size in words.
func bytesOf(n float64) string {
	switch {
	case n < 1000:
		return strconv.FormatFloat(n, 'f', 0, 64)
	case n < 999_500:
		return strconv.FormatFloat(n/1024, 'f', 0, 64) + " K"
	default:
		return strconv.FormatFloat(n/1024/1024, 'f', 1, 64) + " M"
	}
}
