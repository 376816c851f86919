package services_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/cofaas/cofaas/analyzer/services"
)

func testdata(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestFacts(t *testing.T) {
	analysistest.Run(t, testdata(t), services.Analyzer, "pb/greeter", "pb/legacy", "pb/hand", "local/grpc")
}

func TestServices(t *testing.T) {
	tests := []struct{ pkg, want string }{
		{"pb/greeter", `
x.Greeter greeter.proto
  SayHello HelloRequest(greeter.proto) -> HelloReply(greeter.proto)
  List HelloRequest(greeter.proto) -> stream HelloReply(greeter.proto)
  Upload stream Note(msg.proto) -> HelloReply(greeter.proto)
  Chat stream HelloRequest(greeter.proto) -> stream Note(msg.proto)
`},
		{"pb/legacy", `
Echo old/legacy.proto
  Echo Ping(old/legacy.proto) -> Pong(old/legacy.proto)
  Watch Ping(old/legacy.proto) -> stream Pong(old/legacy.proto)
`},
		{"pb/hand", `
hand.Worker 
  Do () -> ()
`},
		{"local/grpc", ""},
	}
	for _, test := range tests {
		t.Run(test.pkg, func(t *testing.T) {
			results := analysistest.Run(silent{}, testdata(t), services.Analyzer, test.pkg)
			result := results[0].Result.(*services.Result)
			var b strings.Builder
			for _, s := range result.Services {
				fmt.Fprintf(&b, "%s %s\n", s.Name, s.Proto)
				for _, m := range s.Methods {
					fmt.Fprintf(&b, "  %s %s -> %s\n", m.Name,
						message(t, m.Request, m.ClientStreams), message(t, m.Reply, m.ServerStreams))
					if want := "/" + s.Name + "/" + m.Name; m.FullMethod != want {
						t.Errorf("full method %q, want %q", m.FullMethod, want)
					}
				}
				if !result.Pos(s).IsValid() {
					t.Errorf("%s has no position", s.Name)
				}
			}
			if got, want := b.String(), strings.TrimPrefix(test.want, "\n"); got != want {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
		})
	}
}

func message(t *testing.T, m services.Message, stream bool) string {
	if named := m.Named(); m.Name != "" && named.Obj().Name() != m.Name {
		t.Errorf("%s has type %v", m.Name, named)
	}
	s := fmt.Sprintf("%s(%s)", m.Name, m.Proto)
	if stream {
		return "stream " + s
	}
	return s
}

// silent drops what analysistest finds, which TestFacts checks.
type silent struct{}

func (silent) Errorf(string, ...any) {}
