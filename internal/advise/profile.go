package advise

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/cofaas/cofaas/internal/placement"
)

// Version is that of the format of profiles. It changes when a reader of an older one would misunderstand a profile, not when something is
// added.
const Version = 1

// Profile is what a host has seen of its calls, from its start until the profile was written. Docs/advise.md describes the JSON.
type Profile struct {
	Version int     `json:"version"`
	Root    string  `json:"root"`
	Machine Machine `json:"machine"`
	// Seconds is how long the host has been running.
	Seconds float64 `json:"seconds"`
	// Functions are sorted by name, and edges by caller, callee and method.
	Functions []Function `json:"functions"`
	Edges     []Edge     `json:"edges"`
}

// Machine is where a profile was made.
type Machine struct {
	Go   string `json:"go"`
	OS   string `json:"os"`
	Arch string `json:"arch"`
	CPUs int    `json:"cpus"`
}

// Function is what is known of a function's own work.
type Function struct {
	Name string `json:"name"`
	// Place is where it ran, and Places are those that it was built for.
	Place  placement.Place   `json:"place"`
	Places []placement.Place `json:"places"`
	// Compute is how the time that handlers have computed is known: Measured around each run of the function's code, or Derived, as the time
	// of the calls to the function less that of the calls that it made meanwhile.
	Compute string `json:"compute"`
	// Methods are those that were called, by name.
	Methods []Method `json:"methods,omitempty"`
	// ResumedNs is computed by handlers after they have waited for something, and by what runs in the background: none of it is in Methods.
	ResumedNs int64 `json:"resumed_ns,omitempty"`
	// CPUNs is the processor time of the function's process, if it has one: handlers, runtime, and its end of each call.
	CPUNs int64 `json:"cpu_ns,omitempty"`
}

// How the time that handlers compute is known.
const (
	Measured = "measured"
	Derived  = "derived"
)

// Method is what is known of the handler of a method, without the calls that it makes.
type Method struct {
	// Method is "/package.Service/Method".
	Method string `json:"method"`
	Calls  uint64 `json:"calls"`
	// Self is the time in the handler until it returns or first waits.
	Self Times `json:"self"`
	// CPUNs is the processor time of Self, if it was sampled.
	CPUNs int64 `json:"cpu_ns,omitempty"`
}

// Edge is the calls of one method by one caller.
type Edge struct {
	// From is the caller, empty for clients of the host, and To the callee, empty if the calls have left the host.
	From   string `json:"from,omitempty"`
	To     string `json:"to,omitempty"`
	Method string `json:"method"`
	Stream bool   `json:"stream,omitempty"`
	Calls  uint64 `json:"calls"`
	// Failed calls had a status other than OK.
	Failed uint64 `json:"failed,omitempty"`
	// Time is how long calls took, as the caller sees it; of a stream, until it was over.
	Time Times `json:"time"`
	// Requests and Replies are the messages, and their bytes.
	Requests Messages `json:"requests"`
	Replies  Messages `json:"replies"`
	// InFlight is how many calls were in progress, on average over the whole time.
	InFlight float64 `json:"in_flight"`
}

// Times sums up durations, of which some were measured.
type Times struct {
	// Samples is how many were measured, and TotalNs an estimate of the sum of all.
	Samples uint64 `json:"samples"`
	TotalNs int64  `json:"total_ns"`
	P50Ns   int64  `json:"p50_ns"`
	P99Ns   int64  `json:"p99_ns"`
}

// Messages sums up messages.
type Messages struct {
	Count uint64 `json:"count"`
	// Bytes is an estimate of the sum, from Sized messages that were measured.
	Bytes uint64 `json:"bytes"`
	Sized uint64 `json:"sized"`
	// Layout says what was measured: "wire", protobuf, or "abi", memory of a guest.
	Layout string `json:"layout,omitempty"`
}

// Mean is the average in nanoseconds of so many calls.
func (t Times) Mean(calls uint64) float64 {
	if calls == 0 {
		return 0
	}
	return float64(t.TotalNs) / float64(calls)
}

// Mean is the average size in bytes.
func (m Messages) Mean() float64 {
	if m.Count == 0 {
		return 0
	}
	return float64(m.Bytes) / float64(m.Count)
}

// Write writes the profile as JSON.
func (p *Profile) Write(w io.Writer) error {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(data, '\n'))
	return err
}

// maxProfile bounds a profile in bytes, far above that of any app.
const maxProfile = 64 << 20

// Read reads a profile. Errors say what is wrong with it and what to do.
func Read(r io.Reader) (*Profile, error) {
	data, err := io.ReadAll(io.LimitReader(r, maxProfile+1))
	switch {
	case err != nil:
		return nil, err
	case len(data) > maxProfile:
		return nil, fmt.Errorf("is larger than %d MB, which no profile is", maxProfile>>20)
	case len(bytes.TrimSpace(data)) == 0:
		return nil, errors.New("is empty: a host writes its profile when it stops, so stop it by a signal and wait for it")
	}
	var head struct {
		Version *int `json:"version"`
	}
	if err := json.Unmarshal(data, &head); err != nil {
		return nil, fmt.Errorf("is no profile: %w: name a file that a host has written with -profile", err)
	}
	switch {
	case head.Version == nil:
		return nil, errors.New("is no profile: it has no version: name a file that a host has written with -profile")
	case *head.Version != Version:
		return nil, fmt.Errorf("is a profile of version %d, and this cofaas-gen reads version %d: use the one that the host was generated with, or profile again", *head.Version, Version)
	}
	p := new(Profile)
	if err := json.Unmarshal(data, p); err != nil {
		return nil, fmt.Errorf("is no profile: %w", err)
	}
	if err := p.check(); err != nil {
		return nil, err
	}
	return p, nil
}

// check says all that is wrong with a profile.
func (p *Profile) check() error {
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	known := map[string]bool{"": true}
	for i := range p.Functions {
		f := &p.Functions[i]
		switch {
		case f.Name == "":
			bad("functions[%d] has no name", i)
		case known[f.Name]:
			bad("function %s is listed twice", f.Name)
		case !slices.Contains(placement.All, f.Place):
			bad("function %s has place %q: want wasm, native or remote", f.Name, f.Place)
		case f.Compute != Measured && f.Compute != Derived:
			bad("function %s has compute %q: want %s or %s", f.Name, f.Compute, Measured, Derived)
		}
		known[f.Name] = true
		for _, m := range f.Methods {
			if m.Self.TotalNs < 0 || m.CPUNs < 0 || m.Self.Samples > m.Calls {
				bad("method %s of function %s has times that cannot be", m.Method, f.Name)
			}
		}
		if f.ResumedNs < 0 || f.CPUNs < 0 {
			bad("function %s has times that cannot be", f.Name)
		}
	}
	for i := range p.Edges {
		e := &p.Edges[i]
		if !known[e.From] || !known[e.To] {
			bad("edges[%d], %s -> %s: no such function", i, e.From, e.To)
		}
		if e.Time.TotalNs < 0 || e.Failed > e.Calls || e.InFlight < 0 || math.IsNaN(e.InFlight) {
			bad("edges[%d], %s of %s: has numbers that cannot be", i, e.Method, e.To)
		}
	}
	if !known[p.Root] || p.Root == "" {
		bad("root function %q is not in the profile", p.Root)
	}
	return errors.Join(errs...)
}

// Sort brings a profile into the order of the format.
func (p *Profile) Sort() {
	slices.SortFunc(p.Functions, func(a, b Function) int { return cmp.Compare(a.Name, b.Name) })
	for i := range p.Functions {
		slices.SortFunc(p.Functions[i].Methods, func(a, b Method) int { return cmp.Compare(a.Method, b.Method) })
	}
	slices.SortFunc(p.Edges, func(a, b Edge) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.Method, b.Method))
	})
}

// function returns a function by name, or nil.
func (p *Profile) function(name string) *Function {
	for i := range p.Functions {
		if p.Functions[i].Name == name {
			return &p.Functions[i]
		}
	}
	return nil
}
