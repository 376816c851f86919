package isolate

import (
	"fmt"
	"os"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/isolate/protocol"
)

func init() {
	kind, ok := os.LookupEnv(protocol.Variable)
	if !ok {
		return
	}
	os.Unsetenv(protocol.Variable) // it is not for programs that this one starts
	r, err := start(kind)
	if err != nil {
		exit(fmt.Sprintf("cannot join the host: %v", err))
	}
	SetDefault(r)
	paceCollector()
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
	n, ok := map[string]int{protocol.Memory: protocol.MemoryFiles, protocol.Socket: protocol.SocketFiles}[kind]
	if !ok {
		return nil, fmt.Errorf("%s is %q in place of %s or %s", protocol.Variable, kind, protocol.Memory, protocol.Socket)
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
