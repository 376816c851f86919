package sandbox

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
	"testing"
)

// attacks are what isolates of the tests try, by their names. What they print is what came of it.
var attacks = map[string]func(args []string){
	"exec": func([]string) { fmt.Println(refusal(exec.Command("/proc/self/exe", "wait").Run())) },
}

// attack runs one of them.
func attack(args []string) { attacks[args[0]](args[1:]) }

// refusal is the name of what the kernel says.
func refusal(err error) string {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno.Error()
	}
	return fmt.Sprint(err)
}

func TestAttacks(t *testing.T) {
	for name, want := range map[string]string{"exec": "operation not permitted"} {
		t.Run(name, func(t *testing.T) {
			p := start(t, Config{}, name)
			if got := p.line(t); got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}
