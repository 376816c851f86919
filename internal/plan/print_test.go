package plan_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"fmt"
	"go/token"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/cofaas/cofaas/analyzer"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/internal/plan"
)

var update = flag.Bool("update", false, "write the golden files")

// plans are printed in all ways.
var plans = map[string][]string{
	"alone": {"a: p.A"},
	"pair":  {"producer: helloworld.Greeter@env_ADDRESS|:50051 grpc.health.v1.Health -> prodcon.ProducerConsumer=env_CONSUMER|localhost:50052", "consumer: prodcon.ProducerConsumer@:50052"},
	"shop": {
		"shop: s.Shop@:8080 s.Admin@:8080 s.Shop grpc.health.v1.Health -> c.Cart=cart:7070 c.Cart=cart:7070 s.Events*",
		"cart: c.Cart@flag_addr|:7070 -> r.Rates=flag_rates|rates.example.com:443 m.Mail=mail-b.prod.svc:25 m.Mail=env_MAIL|localhost:2501 m.Mail m.Mail=flag_mail|localhost:9",
		"odd\"name<&: o.Odd", "mail-a: m.Mail@:2501", "mail-b: m.Mail@:2502 -> r.Rates=rates.example.com:443", "events: s.Events*@/run/events.sock -> s.Events*",
	},
	"cycles": {
		"gate: g.Gate*@:7000 -> a.Users b.Orders", "users: a.Users -> c.Mail e.Audit", "orders: b.Orders d.Returns -> a.Users f.Stock g.Pay", "mail: c.Mail -> h.Queue*",
		"audit: e.Audit -> h.Queue*", "stock: f.Stock -> b.Orders e.Audit", "pay: g.Pay -> i.Bank=bank.example.com:443 d.Returns", "queue: h.Queue* -> j.Store", "store: j.Store -> j.Store",
		"report: k.Report -> j.Store l.Chart", "chart: l.Chart -> k.Report", "cron: m.Cron -> k.Report b.Orders",
	},
	"long": {
		"a-function-with-a-name-that-is-too-long-for-any-box-in-a-picture: com.example.department.team.product.v1beta1.ServiceOfManyWords* -> p.B",
		"c: p.C@parameter_address| p.C@:1 -> p.B", "b: p.B@a_configuration_file_that_is_read_at_start_and_says_where_to_listen| -> com.example.department.team.product.v1beta1.ServiceOfManyWords*",
	},
	"placed": {
		"shop: s.Shop@:8080 -> c.Cart m.Mail=mail:25 t.Thumbs* r.Rates=rates.example.com:443", "cart: c.Cart@:7070 -> m.Mail=mail:25", "mail: m.Mail@:25", "thumbs: t.Thumbs*@:90 -> c.Cart",
	},
	"fifty": fifty(),
}

// addNeeds gives a function needs of all kinds: known, by default, not known, and the same in several places.
func addNeeds(f *analyzer.Function) {
	add := func(line int, n analyzer.Need) {
		n.Pos = token.Position{Filename: f.Dir + "/store.go", Line: line, Column: 9}
		f.Needs = append(f.Needs, &n)
	}
	need := func(kind analyzer.NeedKind, network, what, address string) (n analyzer.Need) {
		n.Kind, n.Network, n.What, n.Address = kind, network, what, value(address)
		return n
	}
	add(1, need(analyzer.DialNeed, "tcp", "redis.NewClient", "flag_redis|cache:6379"))
	for i := range 5 {
		add(2+i, need(analyzer.DialNeed, "tcp", "http.Get", "rates.example.com:443"))
	}
	add(7, need(analyzer.DialNeed, "udp", "net.Dial", "10.0.0.2:8125"))
	add(8, need(analyzer.DialNeed, "unix", "net.Dial", "/run/app.sock"))
	via := need(analyzer.DialNeed, "tcp", "pgxpool.New", "environment_variable_DB|")
	via.Via = "in store.Open at store.go:20"
	add(9, via)
	port := need(analyzer.DialNeed, "tcp", "resty.Request.Get", "plain")
	port.NoPort = true
	add(10, port)
	lookup := need(analyzer.LookupNeed, "", "options.ClientOptions.ApplyURI", "mongo.example.net")
	lookup.Note = "its SRV record names the servers"
	add(11, lookup)
	add(12, need(analyzer.ListenNeed, "tcp", "http.ListenAndServe", ":9090"))
	add(13, need(analyzer.ListenNeed, "udp", "net.ListenPacket", ":5353"))
	add(14, need(analyzer.ListenNeed, "udp", "net.ListenPacket", ":0"))
	add(15, need(analyzer.ReadNeed, "", "os.ReadFile", "/etc/cart.yaml"))
	add(16, need(analyzer.ReadNeed, "", "os.ReadFile", "flag_products|products.json"))
	add(17, need(analyzer.EnvNeed, "", "os.Getenv", "DB"))
	add(18, need(analyzer.EnvNeed, "", "os.Getenv", "LEVEL"))
	add(19, need(analyzer.EnvNeed, "", "os.LookupEnv", "LEVEL"))
}

// placed has functions at all places, and one that is elsewhere in one host.
func placed(root, function string) []placement.Place {
	switch {
	case function == "thumbs":
		return []placement.Place{placement.Native}
	case function == "cart" && root == "thumbs":
		return []placement.Place{placement.Native}
	case function == "shop":
		return []placement.Place{placement.Wasm, placement.Native}
	case function == "mail":
		return []placement.Place{placement.Remote}
	}
	return []placement.Place{placement.Wasm}
}

// fifty is a large application of seven layers, in which some call back.
func fifty() []string {
	var list []string
	for i := range 50 {
		s := fmt.Sprintf("svc%02d: app.v1.Service%02d", i, i)
		if i%7 == 3 {
			s += "*"
		}
		s += fmt.Sprintf("@:%d ->", 7000+i)
		for n := range 1 + i%3 {
			to := i + 6 + (i*i+3*n)%5 + n*2
			if i%17 == 16 {
				to = i - 13
			}
			if to < 50 {
				s += fmt.Sprintf(" app.v1.Service%02d", to)
				if to%7 == 3 {
					s += "*"
				}
			}
		}
		list = append(list, s)
	}
	return list
}

// TestPrint compares with the files in testdata; -update writes them.
func TestPrint(t *testing.T) {
	for name, functions := range plans {
		for ext, print := range map[string]func(*plan.Plan, io.Writer) error{
			"txt": (*plan.Plan).Text, "json": (*plan.Plan).JSON, "dot": (*plan.Plan).DOT, "svg": (*plan.Plan).SVG,
		} {
			t.Run(name+"/"+ext, func(t *testing.T) {
				t.Parallel()
				var got [2]bytes.Buffer
				for i := range got {
					res := result(functions...)
					res.Functions[0].Rewritten = append(res.Functions[0].Rewritten, &analyzer.Package{PkgPath: "example.com/dialer"})
					res.Functions[0].Kept = []*analyzer.Kept{{PkgPath: "example.com/telemetry"}}
					for _, f := range res.Functions {
						f.Rewritten = append(f.Rewritten, &analyzer.Package{PkgPath: "example.com/pb"})
					}
					if name == "pair" {
						res.Functions[0].Rewritten = append(res.Functions[0].Rewritten, &analyzer.Package{PkgPath: "example.com/instr", Copy: "example.com/instr/cofaasguest"})
					}
					if name == "shop" {
						addNeeds(res.Functions[1])
					}
					p, err := plan.Make(res, short)
					if err != nil {
						t.Fatal(err)
					}
					if name == "placed" {
						p.Place(placed)
					}
					if name == "pair" {
						p.Patches = []plan.Patch{{Package: "example.com/log", Module: "example.com/log", Version: "v1.2.3", File: "terminal.go", Reason: "knows no terminals"}}
					}
					if err := print(p, &got[i]); err != nil {
						t.Fatal(err)
					}
				}
				if !bytes.Equal(got[0].Bytes(), got[1].Bytes()) {
					t.Error("printed differently a second time")
				}
				golden := filepath.Join("testdata", name+"."+ext)
				if *update {
					if err := os.WriteFile(golden, got[0].Bytes(), 0o644); err != nil {
						t.Fatal(err)
					}
				}
				want, err := os.ReadFile(golden)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(want), got[0].String()); diff != "" {
					t.Errorf("(-%s +got):\n%s", golden, diff)
				}
			})
		}
	}
}

// TestSVG_Contained checks that pictures are well-formed, and that they need nothing from elsewhere and run nothing.
func TestSVG_Contained(t *testing.T) {
	files, err := filepath.Glob("testdata/*.svg")
	if err != nil || len(files) != len(plans) {
		t.Fatalf("%d pictures of %d plans, %v", len(files), len(plans), err)
	}
	for _, name := range files {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var root xml.StartElement
		for dec := xml.NewDecoder(bytes.NewReader(data)); ; {
			token, err := dec.Token()
			if errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
				break
			}
			el, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			if root.Name.Local == "" {
				root = el.Copy()
			}
			switch el.Name.Local {
			case "svg", "title", "desc", "style", "g", "rect", "path", "circle", "text":
			default:
				t.Errorf("%s: element %s", name, el.Name.Local)
			}
			for _, a := range el.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || strings.Contains(a.Value, "url(") {
					t.Errorf("%s: attribute %s=%q", name, a.Name.Local, a.Value)
				}
			}
		}
		if root.Name.Local != "svg" || root.Name.Space != "http://www.w3.org/2000/svg" {
			t.Errorf("%s: the root is %v", name, root.Name)
		}
		if style := string(data); strings.Contains(style, "@import") || strings.Contains(style, "url(") || !strings.Contains(style, "prefers-color-scheme: dark") {
			t.Errorf("%s: its style", name)
		}
	}
}
