package isolate

import (
	"fmt"
	"os"

	"github.com/cofaas/cofaas/channel"
)

// Variable is the environment variable by which a host says that the program is an isolate: "memory" or "socket", the kind of the channel
// whose files are the descriptors from 3 on.
const Variable = "COFAAS_CHANNEL"

// firstFile is the first descriptor of the channel.
const firstFile = 3

func init() {
	kind, ok := os.LookupEnv(Variable)
	if !ok {
		return
	}
	os.Unsetenv(Variable) // it is not for programs that this one starts
	r, err := start(kind)
	if err != nil {
		exit(fmt.Sprintf("cannot join the host: %v", err))
	}
	SetDefault(r)
	go func() {
		<-r.Done()
		exit("the host has gone")
	}()
}

// exit ends the process and says why. Without its host an isolate has nobody to serve, and nobody who would end it.
func exit(why string) {
	fmt.Fprintln(os.Stderr, "cofaas: this isolate ends: "+why)
	os.Exit(1)
}

// start joins the host.
func start(kind string) (*Runtime, error) {
	n, ok := map[string]int{"memory": 2, "socket": 1}[kind]
	if !ok {
		return nil, fmt.Errorf("%s is %q in place of memory or socket", Variable, kind)
	}
	files, err := inherited(n)
	if err != nil {
		return nil, err
	}
	link, err := channel.Open(files)
	if err != nil {
		return nil, err
	}
	return New(link)
}
