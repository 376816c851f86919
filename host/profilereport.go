package host

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"github.com/cofaas/cofaas/internal/advise"
	"github.com/cofaas/cofaas/internal/placement"
)

// WriteProfile writes the profile of the host's calls until now as JSON, as docs/advise.md describes it. Without [Options.Profile] there is
// none, and an error.
func (h *Host) WriteProfile(w io.Writer) error {
	if h.profile == nil {
		return fmt.Errorf("the host has no profile: set Options.Profile")
	}
	return h.profile.report(h).Write(w)
}

// report sums up what has been seen until now.
func (p *profile) report(h *Host) *advise.Profile {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := &advise.Profile{
		Version: advise.Version, Root: h.app.Root, Seconds: time.Since(p.begin).Seconds(),
		Machine: advise.Machine{Go: runtime.Version(), OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0)},
	}
	for _, e := range p.edges {
		if calls := e.calls.total(); calls > 0 {
			r.Edges = append(r.Edges, e.report(calls, r.Seconds))
		}
	}
	for i := range h.app.Functions {
		spec := &h.app.Functions[i]
		r.Functions = append(r.Functions, p.reportFunction(h.functions[spec.Name], spec, h.opts.placeOf(spec)))
	}
	r.Sort()
	return r
}

func (p *profile) reportFunction(f *function, spec *Function, place placement.Place) advise.Function {
	out := advise.Function{Name: f.name, Place: place, Places: spec.built(), Compute: advise.Measured}
	if f.native != nil {
		p.reportNative(f, &out)
		return out
	}
	fp := p.functions[f]
	if fp == nil {
		return out // it has not been started
	}
	out.ResumedNs = fp.resumed.self.times(fp.resumed.calls.total()).TotalNs
	for _, m := range fp.methods {
		calls := m.calls.total()
		if calls == 0 {
			continue
		}
		method := advise.Method{Method: m.method, Calls: calls, Self: m.self.times(calls)}
		if wall := m.cpuWall.Load(); wall > 0 {
			method.CPUNs = int64(float64(m.cpu.Load()) / float64(wall) * float64(method.Self.TotalNs))
		}
		out.Methods = append(out.Methods, method)
	}
	return out
}

// reportNative sums up what a function in processes of its own has done, of which its calls are all that the host sees.
func (p *profile) reportNative(f *function, out *advise.Function) {
	out.Compute = advise.Derived
	methods := map[string]*advise.Method{}
	var served, made int64
	for _, e := range p.edges {
		calls := e.calls.total()
		if calls == 0 {
			continue
		}
		times := e.time.times(calls)
		if e.caller == f {
			made += times.TotalNs
		}
		if e.callee != f {
			continue
		}
		served += times.TotalNs
		m := methods[e.method]
		if m == nil {
			m = &advise.Method{Method: e.method}
			methods[e.method] = m
		}
		m.Calls += calls
		m.Self.Samples += times.Samples
		m.Self.TotalNs += times.TotalNs
	}
	for _, name := range slices.Sorted(maps.Keys(methods)) {
		m := methods[name]
		// Which method has made which calls is not known, so each has its share of them.
		m.Self.TotalNs = int64(float64(m.Self.TotalNs) * max(0, float64(served-made)) / float64(max(served, 1)))
		out.Methods = append(out.Methods, *m)
	}
	for _, iso := range f.native.isolates() {
		out.CPUNs += processCPU(iso.process.Pid())
	}
}

// report sums up an edge.
func (e *edgeProfile) report(calls uint64, seconds float64) advise.Edge {
	out := advise.Edge{
		Method: e.method, Stream: e.isStream, Calls: calls, Failed: min(e.failed.Load(), calls), Time: e.time.times(calls),
		Requests: e.requests.report(calls, e.isStream), Replies: e.replies.report(calls-min(e.failed.Load(), calls), e.isStream),
	}
	if e.caller != nil {
		out.From = e.caller.name
	}
	if e.callee != nil {
		out.To = e.callee.name
	}
	if seconds > 0 {
		out.InFlight = float64(out.Time.TotalNs) / 1e9 / seconds
	}
	return out
}

// report sums up messages: one for each of the calls, or of a stream.
func (m *messageProfile) report(calls uint64, isStream bool) advise.Messages {
	out := advise.Messages{Count: calls, Sized: m.sized.Load(), Layout: "wire"}
	if isStream {
		out.Count = m.count.Load()
	}
	if m.isABI.Load() {
		out.Layout = "abi"
	}
	if out.Sized > 0 {
		out.Bytes = uint64(float64(m.bytes.Load()) * float64(out.Count) / float64(out.Sized))
	}
	return out
}

// checkProfile says early what would make it impossible to write the profile in the end.
func (s *settings) checkProfile() []string {
	if s.profile == "" {
		return nil
	}
	if info, err := os.Stat(filepath.Dir(s.profile)); err != nil || !info.IsDir() {
		return []string{fmt.Sprintf("-profile %s: there is no folder %s", s.profile, filepath.Dir(s.profile))}
	}
	return nil
}

// writeProfile writes the profile of a host that has stopped to the file of -profile, and prints what follows from it.
func (s *settings) writeProfile(h *Host) error {
	if s.profile == "" {
		return nil
	}
	report := h.profile.report(h)
	f, err := os.Create(s.profile)
	if err != nil {
		return fmt.Errorf("-profile: %w", err)
	}
	if err := report.Write(f); err != nil {
		_ = f.Close()
		return fmt.Errorf("-profile: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("-profile: %w", err)
	}
	h.log.Info("the profile has been written", "file", s.profile)
	if len(report.Edges) == 0 {
		return nil // there is nothing to be said
	}
	advice, err := advise.Advise(advise.Defaults(), report)
	if err != nil {
		return fmt.Errorf("-profile: %w", err)
	}
	return advice.Text(s.stderr)
}
