package scale

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/cofaas/cofaas/test/internal/programs"
)

// modulePath is the path of the module that is made: its dependencies are those of module test.
const modulePath = "github.com/cofaas/cofaas/test"

// What there is of each kind of package: 200 in all, with the two packages that handle the calls of each function.
const (
	functions = 12
	protos    = 24  // two for each function: the service that it serves, and messages that are shared
	domains   = 128 // without gRPC
	commands  = 6   // main packages that are no functions

)

// Package returns the import path of a package that lies in a folder.
func packagePath(dir string) string { return modulePath + "/" + dir }

// Calls are the edges of the application: who calls whom, by number. There is a cycle, 9 -> 10 -> 9, and two that call one.
var calls = map[int][]int{
	0: {1, 2, 3}, 1: {4, 5}, 2: {5, 6}, 3: {7}, 4: {8}, 6: {8, 9}, 9: {10}, 10: {9, 11},
}

// makeModule writes the module into dir, which must not exist.
func makeModule(dir string) error {
	w := &writer{dir: dir}
	var files []string
	for i := range protos {
		name := fmt.Sprintf("pb/p%02d/p%02d.proto", i, i)
		files = append(files, name)
		w.file(name, proto(i))
	}
	for name, source := range sharedPackages {
		w.file(name, source)
	}
	for i := range functions {
		w.file(fmt.Sprintf("fn/f%02d/main.go", i), function(i))
		w.file(fmt.Sprintf("handler/h%02d/handler.go", i), handler(i))
		w.file(fmt.Sprintf("handler/b%02d/logic.go", i), logic(i))
	}
	for i := range domains {
		for part := range 3 {
			w.file(fmt.Sprintf("domain/d%03d/part%d.go", i, part), domain(i, part))
		}
	}
	for i := range commands {
		w.file(fmt.Sprintf("cmd/c%d/main.go", i), command(i))
	}
	if w.err != nil {
		return w.err
	}
	if err := programs.CopyModule(dir, nil); err != nil {
		return err
	}
	repository, err := programs.Repository()
	if err != nil {
		return err
	}
	cmd := exec.Command("go", append([]string{"run", "-C", filepath.Join(repository, "internal/protogen"), ".", "-dir", dir}, files...)...)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("protogen: %w\n%s", err, out)
	}
	return nil
}

type writer struct {
	dir string
	err error
}

func (w *writer) file(name, content string) {
	path := filepath.Join(w.dir, name)
	if w.err == nil {
		w.err = os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if w.err == nil {
		w.err = os.WriteFile(path, []byte(content), 0o644)
	}
}

// proto is the interface of function i, or, of the second dozen, messages that two of the interfaces share.
func proto(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "syntax = \"proto3\";\npackage scale.p%02d;\noption go_package = %q;\n", i, packagePath(fmt.Sprintf("pb/p%02d", i)))
	if i < functions {
		fmt.Fprintf(&b, "import \"pb/p%02d/p%02d.proto\";\n", i+functions, i+functions)
		fmt.Fprintf(&b, "service S%02d {\n", i)
		for m := range 4 {
			fmt.Fprintf(&b, "  rpc Do%d(Request%d) returns (Reply%d);\n", m, m, m)
		}
		b.WriteString("  rpc Watch(Request0) returns (stream Reply0);\n}\n")
		for m := range 4 {
			fmt.Fprintf(&b, "message Request%d { string id = 1; repeated int64 values = 2; map<string, string> labels = 3; scale.p%02d.Shared0 shared = 4; }\n", m, i+functions)
			fmt.Fprintf(&b, "message Reply%d { string id = 1; oneof kind { string text = 2; bytes data = 3; double number = 4; } repeated scale.p%02d.Shared1 list = 5; }\n", m, i+functions)
		}
		return b.String()
	}
	for m := range 6 {
		fmt.Fprintf(&b, "message Shared%d { string id = 1; int64 count = 2; repeated string tags = 3; State state = 4; enum State { NEW = 0; OLD = 1; } }\n", m)
	}
	return b.String()
}

// function is a main package: configuration, a server with interceptors, connections by the shared dialer.
func function(i int) string {
	var imports, wiring strings.Builder
	for _, to := range calls[i] {
		fmt.Fprintf(&imports, "\t\"%s\"\n", packagePath(fmt.Sprintf("pb/p%02d", to)))
		fmt.Fprintf(&wiring, `	conn%[1]d, err := dialer.Dial(config.String("F%02[1]d_ADDR", "f%02[1]d:%[2]d"))
	if err != nil {
		log.Fatal(err)
	}
	deps.S%02[1]d = p%02[1]d.NewS%02[1]dClient(conn%[1]d)
`, to, 7000+to)
	}
	return fmt.Sprintf(`// Command f%02[1]d serves scale.p%02[1]d.S%02[1]d.
package main

//go:generate go tool cofaas-gen

import (
	"flag"
	"log"
	"net"
	"net/http"

	"google.golang.org/grpc"

	"%[2]s/handler/h%02[1]d"
	"%[2]s/pb/p%02[1]d"
%[3]s	"%[2]s/shared/config"
	"%[2]s/shared/dialer"
	"%[2]s/shared/interceptors"
	"%[2]s/shared/metrics"
)

var _ = dialer.Dial
var _ = config.String

func main() {
	addr := flag.String("addr", ":%[4]d", "where to listen")
	flag.Parse()
	var deps h%02[1]d.Deps
%[5]s	lis, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	go func() { log.Print(http.ListenAndServe("localhost:0", metrics.Handler())) }()
	s := grpc.NewServer(interceptors.Options()...)
	p%02[1]d.RegisterS%02[1]dServer(s, h%02[1]d.New(deps))
	log.Fatal(s.Serve(lis))
}
`, i, modulePath, imports.String(), 7000+i, wiring.String())
}

// handler implements the service of function i, with clients of those that it calls.
func handler(i int) string {
	var imports, fields, use strings.Builder
	for _, to := range calls[i] {
		fmt.Fprintf(&imports, "\t\"%s\"\n", packagePath(fmt.Sprintf("pb/p%02d", to)))
		fmt.Fprintf(&fields, "\tS%02[1]d p%02[1]d.S%02[1]dClient\n", to)
		fmt.Fprintf(&use, "\tif _, err := s.deps.S%02[1]d.Do0(ctx, &p%02[1]d.Request0{Id: in.GetId()}); err != nil {\n\t\treturn nil, err\n\t}\n", to)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `// Package h%02[1]d handles scale.p%02[1]d.S%02[1]d.
package h%02[1]d

import (
	"context"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"%[2]s/handler/b%02[1]d"
	"%[2]s/pb/p%02[1]d"
%[3]s)

// Deps are the clients that the handler needs.
type Deps struct {
%[4]s}

type server struct {
	p%02[1]d.UnimplementedS%02[1]dServer
	deps Deps
}

// New returns the handler.
func New(deps Deps) p%02[1]d.S%02[1]dServer { return &server{deps: deps} }

func (s *server) Watch(in *p%02[1]d.Request0, stream grpc.ServerStreamingServer[p%02[1]d.Reply0]) error {
	for range in.GetValues() {
		if err := stream.Send(&p%02[1]d.Reply0{Id: in.GetId()}); err != nil {
			return err
		}
	}
	return nil
}
`, i, modulePath, imports.String(), fields.String())
	for m := range 4 {
		calls := ""
		if m == 0 {
			calls = use.String()
		}
		fmt.Fprintf(&b, `
func (s *server) Do%[2]d(ctx context.Context, in *p%02[1]d.Request%[2]d) (*p%02[1]d.Reply%[2]d, error) {
	if in.GetId() == "" {
		return nil, status.Error(codes.InvalidArgument, "no id")
	}
%[3]s	total, err := b%02[1]d.Total(ctx, in.GetValues())
	if err != nil {
		return nil, status.Error(codes.Internal, err.Error())
	}
	return &p%02[1]d.Reply%[2]d{Id: in.GetId(), Kind: &p%02[1]d.Reply%[2]d_Number{Number: total}}, nil
}
`, i, m, calls)
	}
	return b.String()
}

// logic is what the handler of function i leaves to packages without gRPC.
func logic(i int) string {
	var imports, use strings.Builder
	for n := range 5 {
		d := domains - 1 - (i*5+n)%40
		fmt.Fprintf(&imports, "\t\"%s\"\n", packagePath(fmt.Sprintf("domain/d%03d", d)))
		fmt.Fprintf(&use, "\tsum += float64(d%03d.Weigh0(len(values)))\n", d)
	}
	return fmt.Sprintf(`// Package b%02d computes.
package b%02d

import (
	"context"

%s)

// Total adds values.
func Total(ctx context.Context, values []int64) (float64, error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	sum := 0.0
	for _, v := range values {
		sum += float64(v)
	}
%s	return sum, nil
}
`, i, i, imports.String(), use.String())
}

// libraries are what domain packages import, in turn.
var libraries = []struct{ path, use string }{
	{"net/http", "_ = http.StatusText(n)"},
	{"encoding/json", "_, _ = json.Marshal(n)"},
	{"database/sql", "_ = sql.NullInt64{Int64: int64(n)}"},
	{"text/template", "_ = template.New(\"t\")"},
	{"regexp", "_ = regexp.QuoteMeta(\"a.b\")"},
	{"encoding/xml", "_, _ = xml.Marshal(n)"},
	{"archive/zip", "_ = zip.Deflate"},
	{"github.com/sirupsen/logrus", "logrus.Debug(n)"},
}

// domain is one of three files of a package without gRPC. Packages import those of lower numbers.
func domain(i, part int) string {
	lib := libraries[(i+part)%len(libraries)]
	var b strings.Builder
	fmt.Fprintf(&b, "// Package d%03[1]d is part of the domain.\npackage d%03[1]d\n\nimport (\n\t\"errors\"\n\t\"fmt\"\n\t\"sort\"\n\t\"strings\"\n\n\t%[2]q\n", i, lib.path)
	below := -1
	if i >= 8 {
		below = i - 8 + part*2
		fmt.Fprintf(&b, "\t\"%s\"\n", packagePath(fmt.Sprintf("domain/d%03d", below)))
	}
	fmt.Fprintf(&b, ")\n\n// ErrPart%[1]d is what goes wrong.\nvar ErrPart%[1]d = errors.New(\"d%03[2]d: part %[1]d\")\n", part, i)
	for f := range 8 {
		n := part*8 + f
		fmt.Fprintf(&b, `
// Item%[1]d has what is known of an item.
type Item%[1]d struct {
	Name  string
	Tags  []string
	Sizes map[string]int
	Next  *Item%[1]d
}

// String describes the item.
func (x *Item%[1]d) String() string {
	keys := make([]string, 0, len(x.Sizes))
	for k := range x.Sizes {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return fmt.Sprintf("%%s %%s %%s", x.Name, strings.Join(x.Tags, ","), strings.Join(keys, ","))
}

// Find%[1]d looks for an item.
func Find%[1]d(items []*Item%[1]d, name string) (*Item%[1]d, error) {
	for _, x := range items {
		for at := x; at != nil; at = at.Next {
			if strings.EqualFold(at.Name, name) {
				return at, nil
			}
		}
	}
	return nil, fmt.Errorf("%%s: %%w", name, ErrPart%[2]d)
}

// Weigh%[1]d weighs n items.
func Weigh%[1]d(n int) int {
	%[3]s
	total := 0
	for i := range n {
		switch {
		case i%%3 == 0:
			total += i
		case i%%5 == 0:
			total -= i
		default:
			total ^= i
		}
	}
`, n, part, lib.use)
		if below >= 0 {
			fmt.Fprintf(&b, "\ttotal += d%03d.Weigh%d(n - 1)\n", below, n)
		}
		b.WriteString("\treturn total\n}\n")
	}
	return b.String()
}

// command is a main package that is no function.
func command(i int) string {
	return fmt.Sprintf("// Command c%d computes.\npackage main\n\nimport (\n\t\"fmt\"\n\n\t\"%s/domain/d%03d\"\n)\n\nfunc main() { fmt.Println(d%03d.Weigh1(3)) }\n",
		i, modulePath, i*20, i*20)
}
