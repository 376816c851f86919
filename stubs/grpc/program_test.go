//go:build unix

package grpc_test

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/isolatetest"
	"github.com/cofaas/cofaas/isolate/protocol"
	"github.com/cofaas/cofaas/stubs/grpc"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/health"
	healthpb "github.com/cofaas/cofaas/stubs/grpc/health/grpc_health_v1"
	"github.com/cofaas/cofaas/stubs/grpc/status"
	"github.com/cofaas/cofaas/stubs/net"
)

// This file runs the test's own binary as a function in a native isolate. Its package's other tests have both ends in one process.

// asProgram is the environment variable that makes the binary that function.
const asProgram = "COFAAS_TEST_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) == "" {
		os.Exit(m.Run())
	}
	program()
}

// program is what a function's main does.
func program() {
	lis, err := net.Listen("tcp", ":50051")
	if err != nil {
		panic(err)
	}
	s := grpc.NewServer()
	s.RegisterService(&grpc.ServiceDesc{
		ServiceName: "test.Program",
		HandlerType: (*any)(nil),
		Methods: []grpc.MethodDesc{{MethodName: "Do", Handler: func(_ any, ctx context.Context, dec func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
			in := new(wrapperspb.StringValue)
			if err := dec(in); err != nil {
				return nil, err
			}
			return do(s, in.Value)
		}}},
		Streams: []grpc.StreamDesc{{StreamName: "Echo", ClientStreams: true, ServerStreams: true, Handler: func(_ any, stream grpc.ServerStream) error {
			for {
				m := new(wrapperspb.StringValue)
				if err := stream.RecvMsg(m); err == io.EOF {
					return nil
				} else if err != nil {
					return err
				}
				if err := stream.SendMsg(m); err != nil {
					return err
				}
			}
		}}},
	}, nil)
	h := health.NewServer()
	h.SetServingStatus("test.Program", healthpb.HealthCheckResponse_SERVING)
	if err := s.Serve(lis); err != nil {
		panic(err)
	}
}

// waiting is closed when a call waits, and stopping when the server is about to stop.
var waiting, stopping = make(chan struct{}), make(chan struct{})

// inheritable are the descriptors of this process, from one on, that a program would inherit.
func inheritable(from int) (open []int) {
	for fd := from; fd < 64; fd++ {
		if flags, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno == 0 && flags&syscall.FD_CLOEXEC == 0 {
			open = append(open, fd)
		}
	}
	return open
}

func do(s *grpc.Server, what string) (*wrapperspb.StringValue, error) {
	switch what {
	case "variable":
		value, ok := os.LookupEnv(protocol.Variable)
		return wrapperspb.String(fmt.Sprint(value, ok)), nil
	case "descriptors":
		return wrapperspb.String(fmt.Sprint(inheritable(3))), nil
	case "waits":
		<-waiting
		return new(wrapperspb.StringValue), nil
	case "wait":
		close(waiting)
		<-stopping
		time.Sleep(10 * time.Millisecond) // so that Serve would have returned
		return wrapperspb.String("waited"), nil
	case "stop":
		go s.GracefulStop()
		close(stopping)
		return wrapperspb.String("stopping"), nil
	case "fail":
		return nil, status.Error(codes.NotFound, "nothing")
	}
	os.Exit(7)
	return nil, nil
}

// running is the program as a host has it.
type running struct {
	cmd    *exec.Cmd
	stderr bytes.Buffer
	host   *isolatetest.Host
	files  int // of the channel's end
}

func start(t *testing.T, kind channel.Kind) *running {
	t.Helper()
	p := &running{host: &isolatetest.Host{Welcome: protocol.Welcome{
		Function: "program",
		Exports:  []string{"/test.Program/Do", "/test.Program/Echo"},
	}}}
	p.cmd = exec.Command(os.Args[0])
	p.cmd.Env = append(os.Environ(), asProgram+"=1", protocol.Variable+"="+kind.String())
	p.cmd.ExtraFiles = p.host.Join(t, kind)
	p.files = len(p.cmd.ExtraFiles)
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for _, f := range p.cmd.ExtraFiles {
		f.Close()
	}
	t.Cleanup(func() {
		p.cmd.Process.Kill()
		p.cmd.Wait()
	})
	p.host.AwaitServed(t, 1)
	return p
}

// exit waits for the end of the program, and checks how it has ended.
func (p *running) exit(t *testing.T, code int, stderr string) {
	t.Helper()
	p.cmd.Wait()
	if got := p.cmd.ProcessState.ExitCode(); got != code {
		t.Errorf("exit code %d, want %d", got, code)
	}
	if got := p.stderr.String(); !strings.Contains(got, stderr) {
		t.Errorf("it says %q, and not %q", got, stderr)
	}
}

// do has the program do something. It returns the reply or the status.
func (p *running) do(t *testing.T, what string) string {
	t.Helper()
	request, err := proto.Marshal(wrapperspb.String(what))
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.host.Conn().Invoke(t.Context(), nil, &channel.Header{Method: "/test.Program/Do"}, request)
	if err != nil {
		return err.Error()
	}
	defer r.Free()
	if len(r.Status) > 0 {
		return string(r.Status)
	}
	reply := new(wrapperspb.StringValue)
	if err := proto.Unmarshal(r.Payload, reply); err != nil {
		t.Fatal(err)
	}
	return reply.Value
}

func kinds() []channel.Kind {
	return slices.Compact([]channel.Kind{channel.Best(), channel.Socket})
}

func TestProgram(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			p := start(t, kind)
			if got, want := p.host.Hello(), (protocol.Hello{Version: protocol.Version, PID: p.cmd.Process.Pid}); got != want {
				t.Errorf("it says %+v, want %+v", got, want)
			}
			if got := fmt.Sprint(p.host.Served()); got != "[{tcp [::]:50051}]" {
				t.Errorf("it serves on %s", got)
			}
			if got := fmt.Sprint(p.host.Statuses()); got != "[{test.Program 1}]" {
				t.Errorf("statuses are %s", got)
			}
			for what, want := range map[string]string{
				"variable": "false",
				// None of the channel's. Those that whoever runs this test has left open are its own to pass on.
				"descriptors": fmt.Sprint(inheritable(3 + p.files)),
				"fail":        string(isolatetest.Status(5, "nothing")),
			} {
				if got := p.do(t, what); got != want {
					t.Errorf("%s: got %q, want %q", what, got, want)
				}
			}
			p.echo(t)
			waited := make(chan string)
			go func() { waited <- p.do(t, "wait") }()
			p.do(t, "waits")
			if got := p.do(t, "stop"); got != "stopping" {
				t.Error(got)
			}
			if got := <-waited; got != "waited" {
				t.Errorf("a call that runs when the server stops: %s", got)
			}
			p.exit(t, 0, "")
		})
	}
}

// echo uses a stream of the program.
func (p *running) echo(t *testing.T) {
	s, err := p.host.Conn().OpenStream(&channel.Header{Method: "/test.Program/Echo"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for i := range 3 {
		want, err := proto.Marshal(wrapperspb.String(fmt.Sprint(i)))
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), want); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Recv(t.Context()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("got %q, %v", got, err)
		}
	}
	s.CloseSend()
	if _, err := s.Recv(t.Context()); err != io.EOF {
		t.Error(err)
	}
	if status, _, err := s.Result(t.Context()); len(status) > 0 || err != nil {
		t.Errorf("%q, %v", status, err)
	}
}

// TestProgram_HostGone checks that a program does not outlive its host.
func TestProgram_HostGone(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(kind.String(), func(t *testing.T) {
			p := start(t, kind)
			p.host.Conn().Close()
			p.exit(t, 1, "cofaas: this isolate ends: the host has gone")
		})
	}
}

// TestProgram_Exit checks that calls fail that are in progress when a program exits.
func TestProgram_Exit(t *testing.T) {
	p := start(t, channel.Best())
	if got := p.do(t, "exit"); !strings.HasPrefix(got, channel.ErrClosed.Error()) {
		t.Errorf("the call: %s", got)
	}
	p.exit(t, 7, "")
}

// TestProgram_Errors has programs that cannot be isolates say why.
func TestProgram_Errors(t *testing.T) {
	for _, tt := range []struct {
		name, variable string
		set            bool
		want           string
	}{
		{name: "no host", want: "this program is a native isolate, which serves no connections: run it by its host"},
		{name: "no kind", set: true, want: `cannot join the host: COFAAS_CHANNEL is "" in place of memory or socket`},
		{name: "no channel", set: true, variable: "socket", want: "cannot join the host: "},
	} {
		t.Run(tt.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			p := &running{cmd: exec.CommandContext(ctx, os.Args[0])}
			p.cmd.Env = append(os.Environ(), asProgram+"=1")
			if tt.set {
				p.cmd.Env = append(p.cmd.Env, protocol.Variable+"="+tt.variable)
			}
			if slices.Contains(inheritable(3), 3) {
				// Whoever runs this test has left it open, and it may be anything, even a socket: this is no channel for sure.
				null, err := os.Open(os.DevNull)
				if err != nil {
					t.Fatal(err)
				}
				defer null.Close()
				p.cmd.ExtraFiles = []*os.File{null}
			}
			p.cmd.Stderr = &p.stderr
			if err := p.cmd.Start(); err != nil {
				t.Fatal(err)
			}
			p.exit(t, 1, tt.want)
		})
	}
}

// TestProgram_Refused checks that a program ends if the host does not welcome it.
func TestProgram_Refused(t *testing.T) {
	const other = protocol.Version + 1
	for name, welcome := range map[string]struct {
		status []byte
		reply  string
		want   string
	}{
		"status":  {status: isolatetest.Status(9, "not you"), want: "cannot join the host: /cofaas.runtime/hello: the host says: not you"},
		"garbage": {reply: "?", want: "cannot join the host: the host's welcome: "},
		"version": {
			reply: fmt.Sprintf(`{"version":%d}`, other),
			want:  fmt.Sprintf("the host speaks version %d of the protocol between host and isolate, and this program version %d: generate and build both anew", other, protocol.Version),
		},
	} {
		t.Run(name, func(t *testing.T) {
			link, files, err := channel.Create(channel.Socket)
			if err != nil {
				t.Fatal(err)
			}
			conn := channel.New(link, channel.Config{Serve: func(c *channel.ServerCall) {
				c.Reply(welcome.status, nil, []byte(welcome.reply))
			}})
			defer conn.Close()
			p := &running{cmd: exec.Command(os.Args[0])}
			p.cmd.Env = append(os.Environ(), asProgram+"=1", protocol.Variable+"=socket")
			p.cmd.ExtraFiles, p.cmd.Stderr = files, &p.stderr
			err = p.cmd.Start()
			for _, f := range files {
				err = cmp.Or(err, f.Close())
			}
			if err != nil {
				t.Fatal(err)
			}
			p.exit(t, 1, welcome.want)
		})
	}
}
