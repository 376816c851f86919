package advise_test

import (
	"bytes"
	"flag"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/cofaas/cofaas/internal/advise"
	"github.com/cofaas/cofaas/internal/placement"
)

var update = flag.Bool("update", false, "write the golden files")

// shop is a profile of functions that compute little and much; checkout ran where it says.
func shop(checkout placement.Place) *advise.Profile {
	const calls = 10_000
	both := []placement.Place{placement.Wasm, placement.Native}
	handler := func(method string, calls uint64, ns int64) []advise.Method {
		return []advise.Method{{Method: method, Calls: calls, Self: advise.Times{Samples: calls / 31, TotalNs: int64(calls) * ns, P50Ns: ns, P99Ns: 2 * ns}}}
	}
	edge := func(from, to, method string, calls uint64, ns int64, request, reply uint64) advise.Edge {
		return advise.Edge{
			From: from, To: to, Method: method, Calls: calls, Time: advise.Times{Samples: calls / 31, TotalNs: int64(calls) * ns, P50Ns: ns, P99Ns: 2 * ns},
			Requests: advise.Messages{Count: calls, Bytes: calls * request, Sized: calls, Layout: "wire"},
			Replies:  advise.Messages{Count: calls, Bytes: calls * reply, Sized: calls, Layout: "wire"},
			InFlight: 1,
		}
	}
	p := &advise.Profile{
		Version: advise.Version, Root: "frontend", Seconds: 60, Machine: advise.Machine{Go: "go1.26", OS: "linux", Arch: "amd64", CPUs: 4},
		Functions: []advise.Function{
			{Name: "ads", Place: placement.Wasm, Places: both, Compute: advise.Measured},
			{Name: "cart", Place: placement.Wasm, Places: both[:1], Compute: advise.Measured, Methods: handler("/shop.Cart/Get", 3*calls, 900)},
			{Name: "checkout", Place: checkout, Places: both, Compute: advise.Measured, Methods: handler("/shop.Checkout/Pay", calls, 310_000)},
			{Name: "frontend", Place: placement.Wasm, Places: both[:1], Compute: advise.Measured, Methods: handler("/shop.Frontend/Order", calls, 8_000)},
			{Name: "images", Place: placement.Wasm, Places: both[:1], Compute: advise.Measured, Methods: handler("/shop.Images/Scale", calls, 12_000_000)},
			{Name: "tax", Place: placement.Wasm, Places: both, Compute: advise.Measured, Methods: handler("/shop.Tax/Of", calls, 20_000)},
		},
		Edges: []advise.Edge{
			edge("", "frontend", "/shop.Frontend/Order", calls, 13_000_000, 200, 1_000),
			edge("frontend", "cart", "/shop.Cart/Get", 3*calls, 3_000, 30, 400),
			edge("frontend", "checkout", "/shop.Checkout/Pay", calls, 340_000, 500, 100),
			edge("frontend", "images", "/shop.Images/Scale", calls, 12_100_000, 300_000, 20_000),
			edge("checkout", "tax", "/shop.Tax/Of", calls, 23_000, 100, 10),
			edge("checkout", "", "/bank.Bank/Charge", calls, 2_000_000, 100, 100),
		},
	}
	if checkout == placement.Native {
		p.Functions[2].Methods[0].Self.TotalNs /= 5
	}
	p.Sort()
	return p
}

// light is the shop when there is little to compute.
func light() *advise.Profile {
	p := shop(placement.Wasm)
	for _, f := range p.Functions {
		for i := range f.Methods {
			f.Methods[i].Self.TotalNs /= 100
		}
	}
	return p
}

// round are costs of calls that do not change with what is measured.
func round() advise.Constants {
	cost := func(call, message, perByte float64) advise.Cost {
		return advise.Cost{CallNs: call, MessageNs: message, ByteNs: perByte, CPUCallNs: 1.5 * call, CPUMessageNs: 1.5 * message, CPUByteNs: 1.5 * perByte}
	}
	return advise.Constants{
		Source: "made up", Slowdown: advise.Range{Low: 2.5, Mid: 6, High: 15},
		Edges: map[advise.Kind]advise.Cost{
			advise.FrontWasm: cost(102e3, 5e3, 2.2), advise.FrontNative: cost(106e3, 5e3, 2.5), advise.Network: cost(100e3, 4e3, 2),
			advise.WasmWasm: cost(2e3, 500, 0.2), advise.WasmNative: cost(20e3, 2e3, 0.8), advise.NativeWasm: cost(15e3, 2e3, 0.8), advise.NativeNative: cost(6e3, 1e3, 0.5),
		},
	}
}

func TestAdvise_golden(t *testing.T) {
	for name, profiles := range map[string][]*advise.Profile{
		"one.txt": {shop(placement.Wasm)}, "both.txt": {shop(placement.Wasm), shop(placement.Native)}, "light.txt": {light()}, "one.json": {shop(placement.Wasm)},
	} {
		t.Run(name, func(t *testing.T) {
			a, err := advise.Advise(round(), profiles...)
			if err != nil {
				t.Fatal(err)
			}
			var got bytes.Buffer
			print := a.Text
			if filepath.Ext(name) == ".json" {
				print = a.JSON
			}
			if err := print(&got); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil || got.String() != string(want) {
				t.Errorf("%v; got\n%s\nwant\n%s", err, got.String(), want)
			}
		})
	}
}

// A profile is read as it was written.
func TestRead(t *testing.T) {
	want := shop(placement.Wasm)
	var file bytes.Buffer
	if err := want.Write(&file); err != nil {
		t.Fatal(err)
	}
	got, err := advise.Read(&file)
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestRead_Errors(t *testing.T) {
	function := `{"name":"f","place":"wasm","compute":"measured"}`
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":        {"", "is empty: a host writes its profile when it stops"},
		"no JSON":        {"mode: set", "is no profile: invalid character"},
		"cut off":        {`{"version":1,"root":"f"`, "is no profile: unexpected end of JSON input"},
		"something else": {`{"figures":[]}`, "it has no version"},
		"a newer one":    {`{"version":2}`, "is a profile of version 2, and this cofaas-gen reads version 1"},
		"a wrong type":   {`{"version":1,"functions":{}}`, "is no profile: json: cannot unmarshal"},
		"no root":        {`{"version":1,"functions":[` + function + `]}`, `root function "" is not in the profile`},
		"twice":          {`{"version":1,"root":"f","functions":[` + function + `,` + function + `]}`, "function f is listed twice"},
		"no name":        {`{"version":1,"root":"f","functions":[` + function + `,{}]}`, "functions[1] has no name"},
		"a wrong place":  {`{"version":1,"root":"f","functions":[{"name":"f","place":"moon","compute":"measured"}]}`, `function f has place "moon"`},
		"a wrong source": {`{"version":1,"root":"f","functions":[{"name":"f","place":"wasm","compute":"felt"}]}`, `function f has compute "felt"`},
		"an edge to nobody": {
			`{"version":1,"root":"f","functions":[` + function + `],"edges":[{"from":"f","to":"g"}]}`, "edges[0], f -> g: no such function",
		},
		"more failures than calls": {
			`{"version":1,"root":"f","functions":[` + function + `],"edges":[{"to":"f","method":"/s/M","calls":1,"failed":2}]}`, "/s/M of f: has numbers that cannot be",
		},
		"more samples than calls": {
			`{"version":1,"root":"f","functions":[{"name":"f","place":"wasm","compute":"measured","methods":[{"method":"/s/M","calls":1,"self":{"samples":2}}]}]}`,
			"method /s/M of function f has times that cannot be",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := advise.Read(strings.NewReader(tt.text)); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

func TestAdvise_Errors(t *testing.T) {
	other := shop(placement.Wasm)
	other.Root = "cart"
	broken := advise.Defaults()
	broken.Slowdown.Low = 0.5
	for want, f := range map[string]func() error{
		"there is no profile": func() error { _, err := advise.Advise(advise.Defaults()); return err },
		"different apps: one's root is frontend, and another's cart": func() error { _, err := advise.Advise(advise.Defaults(), shop(placement.Wasm), other); return err },
		"the slowdown is":     func() error { _, err := advise.Advise(broken, other); return err },
		"there is no cost of": func() error { _, err := advise.Advise(advise.Constants{}, other); return err },
		"function bank is not in the profile": func() error {
			_, err := advise.Predict(advise.Defaults(), "bank", placement.Wasm, other)
			return err
		},
	} {
		if err := f(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// random makes profiles of functions that call each other.
func random(r *rand.Rand) *advise.Profile {
	p := &advise.Profile{Version: advise.Version, Root: "a", Seconds: 1}
	names := []string{"a", "b", "c", "d"}[:1+r.IntN(4)]
	calls := map[string]uint64{}
	edge := func(from, to string) {
		n := uint64(1 + r.IntN(10_000))
		calls[to] += n
		p.Edges = append(p.Edges, advise.Edge{
			From: from, To: to, Method: "/s." + to + "/M", Calls: n,
			Requests: advise.Messages{Count: n, Bytes: n * uint64(r.IntN(100_000))}, Replies: advise.Messages{Count: n, Bytes: n * uint64(r.IntN(1000))},
		})
	}
	edge("", "a")
	for i, from := range names {
		for _, to := range names[i+1:] {
			if r.IntN(2) == 0 {
				edge(from, to)
			}
		}
		if r.IntN(4) == 0 {
			edge(from, "")
		}
	}
	for _, name := range names {
		f := advise.Function{Name: name, Place: []placement.Place{placement.Wasm, placement.Native}[r.IntN(2)], Compute: advise.Measured}
		f.Places = []placement.Place{f.Place}
		if n := calls[name]; n > 0 {
			f.Methods = []advise.Method{{Method: "/s." + name + "/M", Calls: n, Self: advise.Times{Samples: 1, TotalNs: int64(n) * int64(1+r.ExpFloat64()*50_000)}}}
		}
		p.Functions = append(p.Functions, f)
	}
	p.Sort()
	return p
}

const tries = 2000

// The more a handler computes, the better is the place where it computes faster.
func TestPredict_compute(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range tries {
		p := random(r)
		i := r.IntN(len(p.Functions))
		f := &p.Functions[i]
		if len(f.Methods) == 0 {
			continue
		}
		advantage := func() (wasm, native advise.Prediction) {
			var errs [2]error
			wasm, errs[0] = advise.Predict(advise.Defaults(), f.Name, placement.Wasm, p)
			native, errs[1] = advise.Predict(advise.Defaults(), f.Name, placement.Native, p)
			if errs[0] != nil || errs[1] != nil {
				t.Fatal(errs)
			}
			return wasm, native
		}
		wasm1, native1 := advantage()
		f.Methods[0].Self.TotalNs += 1 + r.Int64N(1e12)
		wasm2, native2 := advantage()
		for _, x := range [][4]float64{
			{wasm1.Latency.Mid, native1.Latency.Mid, wasm2.Latency.Mid, native2.Latency.Mid},
			{wasm1.CPU.Mid, native1.CPU.Mid, wasm2.CPU.Mid, native2.CPU.Mid},
			{wasm1.Latency.Low, native1.Latency.High, wasm2.Latency.Low, native2.Latency.High},
		} {
			if x[2]-x[3] < x[0]-x[1] {
				t.Fatalf("%s: wasm %v and native %v become %v and %v when it computes more", f.Name, x[0], x[1], x[2], x[3])
			}
		}
		for _, l := range []advise.Range{wasm2.Latency, native2.Latency, wasm2.CPU, native2.CPU, wasm2.Compute, native2.Compute} {
			if l.Low > l.Mid || l.Mid > l.High || l.Low < 0 {
				t.Fatalf("range %+v", l)
			}
		}
		if here := map[placement.Place]advise.Prediction{placement.Wasm: wasm2, placement.Native: native2}[f.Place]; here.Latency.Low != here.Latency.High {
			t.Fatalf("%s: what was measured is in doubt: %+v", f.Name, here)
		}
	}
}

// No function that is recommended to be somewhere would be much better off elsewhere in the host, and advice depends on what a call takes, not
// on how many there were.
func TestAdvise_best(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	moved := 0
	for range tries {
		p := random(r)
		a, err := advise.Advise(advise.Defaults(), p)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range a.Functions {
			here := f.Predictions[f.Recommended].Latency.Mid
			for _, there := range []placement.Place{placement.Wasm, placement.Native} {
				if better := f.Predictions[there].Latency.Mid; f.Calls > 0 && here-better > max(0.1*here, 2000)+1 {
					t.Fatalf("%s is to be %s, with %v ns; %s has %v", f.Name, f.Recommended, here, there, better)
				}
			}
			if f.Recommended != f.Now {
				moved++
			}
			if f.Reason == "" {
				t.Fatalf("no reason for %s", f.Name)
			}
		}
		if flags := len(a.GenerateFlags) + len(a.StartFlags); flags != len(slices.DeleteFunc(slices.Clone(a.Functions), func(f advise.FunctionAdvice) bool { return f.Recommended == f.Now })) {
			t.Fatalf("%d flags for %+v", flags, a.Functions)
		}

		twice := *p
		twice.Functions, twice.Edges = slices.Clone(p.Functions), slices.Clone(p.Edges)
		for i := range twice.Functions {
			twice.Functions[i].Methods = slices.Clone(p.Functions[i].Methods)
			for j := range twice.Functions[i].Methods {
				m := &twice.Functions[i].Methods[j]
				m.Calls, m.Self.TotalNs = 2*m.Calls, 2*m.Self.TotalNs
			}
		}
		for i := range twice.Edges {
			e := &twice.Edges[i]
			e.Calls, e.Requests.Bytes, e.Replies.Bytes = 2*e.Calls, 2*e.Requests.Bytes, 2*e.Replies.Bytes
		}
		b, err := advise.Advise(advise.Defaults(), &twice)
		if err != nil {
			t.Fatal(err)
		}
		for i := range a.Functions {
			if a.Functions[i].Recommended != b.Functions[i].Recommended {
				t.Fatalf("%s is to be %s, and with twice the calls %s", a.Functions[i].Name, a.Functions[i].Recommended, b.Functions[i].Recommended)
			}
		}
	}
	if moved < tries/10 {
		t.Errorf("only %d functions were to move", moved)
	}
}

// Costs keep their proportion to what was measured: those of processes that share memory to a channel, if there was one.
func TestConstants_Scaled(t *testing.T) {
	d := advise.Defaults()
	n := d.Edges[advise.Network]
	network := n.CallNs + 1024*n.ByteNs
	one := d.Scaled("", network, 5e3)
	if !reflect.DeepEqual(one.Edges, d.Edges) {
		t.Errorf("the machine of the defaults has %+v", one.Edges)
	}
	for _, tt := range []struct {
		channel, native float64
	}{{0, 3}, {10e3, 2}} {
		c := d.Scaled("here", 3*network, tt.channel)
		if c.Source != "here" || c.Slowdown != d.Slowdown {
			t.Errorf("got %+v", c)
		}
		for kind, times := range map[advise.Kind]float64{advise.Network: 3, advise.WasmWasm: 3, advise.FrontNative: 3, advise.NativeNative: tt.native, advise.WasmNative: tt.native} {
			if got, want := c.Edges[kind].CPUCallNs, times*d.Edges[kind].CPUCallNs; got < 0.999*want || got > 1.001*want {
				t.Errorf("%s: got %v, want %v", kind, got, want)
			}
		}
	}
}

// What an isolate computes is what is left of its calls when their way to it is taken away, and no more than its processor time.
func TestPredict_derived(t *testing.T) {
	const calls, ns = 1000, 200_000
	profile := func(cpu int64) *advise.Profile {
		return &advise.Profile{
			Version: advise.Version, Root: "f",
			Functions: []advise.Function{{
				Name: "f", Place: placement.Native, Compute: advise.Derived, CPUNs: cpu,
				Methods: []advise.Method{{Method: "/s/M", Calls: calls, Self: advise.Times{TotalNs: calls * ns}}},
			}},
			Edges: []advise.Edge{{To: "f", Method: "/s/M", Calls: calls, Time: advise.Times{TotalNs: calls * ns}}},
		}
	}
	for cpu, want := range map[int64][2]float64{0: {ns - 10_000, ns - 1}, calls * 10_000: {10_000, 10_000}} {
		p, err := advise.Predict(advise.Defaults(), "f", placement.Native, profile(cpu))
		if err != nil || p.Compute.Mid < want[0] || p.Compute.Mid > want[1] {
			t.Errorf("processor time %d: computes %+v, %v; want %v", cpu, p.Compute, err, want)
		}
	}
}
