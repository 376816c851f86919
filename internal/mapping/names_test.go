package mapping

import (
	"regexp"
	"slices"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/model"
)

func TestKebab(t *testing.T) {
	for ident, want := range map[string]string{
		"a":             "a",
		"name":          "name",
		"Name":          "name",
		"SayHello":      "say-hello",
		"sayHello":      "say-hello",
		"say_hello":     "say-hello",
		"SAY_HELLO":     "say-hello",
		"Say_Hello":     "say-hello",
		"HTTPServer":    "http-server",
		"HTTP":          "http",
		"getHTTP":       "get-http",
		"GetURLOfHTTPS": "get-url-of-https",
		"ABTest":        "ab-test",
		"AB":            "ab",
		"aB":            "a-b",
		"A1":            "a1",
		"a_1":           "a1",
		"a_1_2_b":       "a12-b",
		"a1B":           "a1-b",
		"A1B":           "a1-b",
		"Sha256Sum":     "sha256-sum",
		"SHA256Sum":     "sha256-sum",
		"V1Beta2":       "v1-beta2",
		"v1_beta_2":     "v1-beta2",
		"_name":         "name",
		"name_":         "name",
		"__a__b__":      "a-b",
		"_":             "x",
		"___":           "x",
		"_1":            "x1",
		"_1a":           "x1a",
		"__1_2":         "x12",
		// Not WIT keywords' concern: those are escaped where the text is printed.
		"interface": "interface",
	} {
		if got := Kebab(ident); got != want {
			t.Errorf("Kebab(%q): got %q, want %q", ident, got, want)
		}
	}
}

// label is the grammar of WIT labels, in lower case.
var label = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z][a-z0-9]*)*$`)

// FuzzKebab checks that every proto identifier, and everything else, becomes a label, and that a label stays what it is.
func FuzzKebab(f *testing.F) {
	for _, ident := range []string{"", "SayHello", "HTTPServer2Go", "_1", "a_1", "-", "é", "A-1", "x--1"} {
		f.Add(ident)
	}
	f.Fuzz(func(t *testing.T, ident string) {
		got := Kebab(ident)
		if !label.MatchString(got) {
			t.Errorf("Kebab(%q): got %q, which is not a label", ident, got)
		}
		if again := Kebab(got); again != got {
			t.Errorf("Kebab(%q): got %q, and from that %q", ident, got, again)
		}
	})
}

func TestNames(t *testing.T) {
	for _, tt := range []struct {
		pkg             protoreflect.FullName
		service, method string
		// wantPackage and so on are what WIT and guests write.
		wantPackage, wantInterface, wantFunction, wantExport, wantPost string
	}{
		{
			"helloworld", "Greeter", "SayHello",
			"proto:helloworld", "proto:helloworld/greeter", "say-hello",
			"proto:helloworld/greeter#say-hello", "cabi_post_proto:helloworld/greeter#say-hello",
		},
		{
			"google.ads.v1.common_types", "HTTPService", "getURL",
			"proto:google-ads-v1-common-types", "proto:google-ads-v1-common-types/http-service", "get-url",
			"proto:google-ads-v1-common-types/http-service#get-url", "cabi_post_proto:google-ads-v1-common-types/http-service#get-url",
		},
		{
			"", "S", "Do",
			"proto:root", "proto:root/s", "do",
			"proto:root/s#do", "cabi_post_proto:root/s#do",
		},
	} {
		name := protoreflect.FullName(tt.service)
		if tt.pkg != "" {
			name = tt.pkg + "." + name
		}
		s := &model.Service{Name: name, File: &model.File{Package: tt.pkg}}
		m := &model.Method{Name: protoreflect.Name(tt.method), Service: s}
		s.Methods = []*model.Method{m}
		for _, c := range []struct{ what, got, want string }{
			{"Package", Package(tt.pkg), tt.wantPackage},
			{"Interface", Interface(s), tt.wantInterface},
			{"Function", Function(m), tt.wantFunction},
			{"Export", Export(m), tt.wantExport},
			{"PostReturn", PostReturn(m), tt.wantPost},
		} {
			if c.got != c.want {
				t.Errorf("%s of %s: got %q, want %q", c.what, m.FullMethod(), c.got, c.want)
			}
		}
	}
}

// Methods of one service whose names meet are told apart by their order.
func TestFunctions(t *testing.T) {
	s := &model.Service{Name: "p.S", File: &model.File{Package: "p"}}
	for _, name := range []protoreflect.Name{"GetX", "Get_X", "getX", "GetXN2", "get_x_n4", "other", "GET_X", "GetX_"} {
		s.Methods = append(s.Methods, &model.Method{Name: name, Service: s})
	}
	want := []string{"get-x", "get-x-n2", "get-x-n3", "get-xn2", "get-x-n4", "other", "get-x-n5", "get-x-n6"}
	if got := Functions(s); !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	for i, m := range s.Methods {
		if got := Function(m); got != want[i] {
			t.Errorf("%s: got %s, want %s", m.Name, got, want[i])
		}
		if got := Export(m); got != "proto:p/s#"+want[i] {
			t.Errorf("%s: got %s", m.Name, got)
		}
	}
}

// A number that is taken by a name of its own is passed over, and so is the name that it made.
func TestScope(t *testing.T) {
	s := Scope{}
	for _, c := range []struct{ label, want string }{
		{"a", "a"}, {"a-n2", "a-n2"}, {"a", "a-n3"}, {"a-n2", "a-n2-n2"}, {"a-n3", "a-n3-n2"}, {"a", "a-n4"}, {"a-n5", "a-n5"}, {"a", "a-n6"},
	} {
		if got := s.Unique(c.label); got != c.want {
			t.Errorf("%s: got %s, want %s", c.label, got, c.want)
		}
	}
	// As many equal names as a hostile proto may have, in linear time: if not, this takes minutes.
	for range 100_000 {
		s.Unique("same")
	}
	if got, want := s.Unique("same"), "same-n100001"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestCheckNames(t *testing.T) {
	m := load(t, `syntax = "proto3"; package p; message M {}
service GetX { rpc Do(M) returns (M); }
service Get_x { rpc Do(M) returns (M); rpc Do_(M) returns (M); }
service Other {}
service GETX_ {}
service Get_X {}
`)
	const want = `p.proto:3:1: service p.Get_x: its WIT name proto:p/get-x is also that of p.GetX at p.proto:2:1; rename one of them
p.proto:6:1: service p.Get_X: its WIT name proto:p/get-x is also that of p.GetX at p.proto:2:1; rename one of them`
	if err := CheckNames(m); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	m = load(t, `syntax = "proto3"; package p; message M {} service GetX { rpc Do(M) returns (M); rpc DO(M) returns (M); } service GetY {}`)
	if err := CheckNames(m); err != nil {
		t.Error(err)
	}
}
