//go:build unix

package sandbox

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"
)

// The isolates of the tests are this program, and do what their first argument says.
func TestMain(m *testing.M) {
	if os.Getenv("ISOLATE") != "" {
		isolate(os.Args[1:])
		return
	}
	// What hosts pass on, tests set themselves.
	for _, name := range []string{"TZ", "SSL_CERT_FILE", "SSL_CERT_DIR"} {
		if err := os.Unsetenv(name); err != nil {
			panic(err)
		}
	}
	os.Exit(m.Run())
}

func isolate(args []string) {
	switch args[0] {
	case "show":
		wd, _ := os.Getwd()
		fmt.Printf("%q\n%q\n%s\n", os.Args, os.Environ(), wd)
		given, err := io.ReadAll(os.NewFile(3, "given"))
		fmt.Printf("%s %v\n", given, err)
		fds, _ := os.ReadDir("/proc/self/fd")
		for _, fd := range fds {
			target, err := os.Readlink("/proc/self/fd/" + fd.Name())
			// The runtime has opened others, and so has who reads the folder.
			if err == nil && !strings.HasPrefix(target, "anon_inode:") && !strings.HasPrefix(target, "/sys/") && !strings.HasSuffix(target, "/fd") {
				fmt.Println("open", fd.Name())
			}
		}
		fmt.Fprintln(os.Stderr, "to stderr")
	case "exit":
		os.Exit(7)
	case "wait":
		fmt.Println(os.Getpid())
		select {}
	case "terminate":
		ch := make(chan os.Signal, 1)
		signal.Notify(ch, syscall.SIGTERM)
		fmt.Println("ready")
		<-ch
		os.Exit(3)
	default:
		attack(args)
	}
}

type started struct {
	*Process
	out *bufio.Reader
}

// testProgram is this program, as isolates have it.
func testProgram(t testing.TB) *os.File {
	t.Helper()
	path, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	program, err := NewProgram("test", self)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { CloseProgram(program) })
	return program
}

// codeNoMemory is the exit code of a program that gets no more memory.
var codeNoMemory = 2

// start starts an isolate whose output is read.
func start(t testing.TB, cfg Config, args ...string) *started {
	t.Helper()
	program := testProgram(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	t.Cleanup(func() { r.Close() })
	cfg.Function, cfg.Program, cfg.Args, cfg.Stdout, cfg.Stderr = "test", program, args, w, w
	cfg.Env = append(cfg.Env, "ISOLATE=1")
	p, err := Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Kill()
		if _, err := p.Wait(); err != nil {
			t.Error(err)
		}
	})
	return &started{p, bufio.NewReader(r)}
}

func (s *started) line(t testing.TB) string {
	t.Helper()
	line, err := s.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (s *started) wait(t testing.TB) Exit {
	t.Helper()
	exit, err := s.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return exit
}

func TestStart(t *testing.T) {
	t.Setenv("OF_THE_HOST", "secret")
	given, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer given.Close()
	fmt.Fprint(w, "what is given")
	w.Close()
	p := start(t, Config{Env: []string{"A=1"}, Files: []*os.File{given}}, "show", "arg")
	out, err := io.ReadAll(p.out)
	if err != nil {
		t.Fatal(err)
	}
	want := "[\"test\" \"show\" \"arg\"]\n[\"A=1\" \"ISOLATE=1\"]\n/\nwhat is given <nil>\nopen 0\nopen 1\nopen 2\nopen 3\nto stderr\n"
	if string(out) != want {
		t.Errorf("got\n%s\nwant\n%s", out, want)
	}
	if got := p.wait(t); got != (Exit{}) {
		t.Errorf("got %v", got)
	}
}

func TestProcess_Wait(t *testing.T) {
	for what, want := range map[string]Exit{"exit": {Code: 7}, "kill": {-1, "killed"}, "terminate": {Code: 3}} {
		t.Run(what, func(t *testing.T) {
			p := start(t, Config{}, map[string]string{"kill": "wait"}[what]+strings.TrimPrefix(what, "kill"))
			switch what {
			case "kill":
				p.line(t)
				p.Kill()
			case "terminate":
				p.line(t)
				if err := p.Signal(syscall.SIGTERM); err != nil {
					t.Error(err)
				}
			}
			if got := p.wait(t); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestStart_Errors(t *testing.T) {
	program, err := NewProgram("test", []byte("no program"))
	if err != nil {
		t.Fatal(err)
	}
	defer CloseProgram(program)
	if _, err := Start(t.Context(), Config{Function: "test", Program: program}); err == nil || !strings.HasPrefix(err.Error(), "function test: its program does not start: ") {
		t.Errorf("got %v", err)
	}
}
