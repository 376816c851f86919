// Package calibrate measures what calls between processes cost on a machine. It starts the program that it is linked into a second time,
// as the other end: a program whose main may call Measure imports this package, and does nothing before main that the other end should
// not do too.
package calibrate

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/internal/advise"
)

// variable says to a program that it is the other end, and how many files it has of a channel.
const variable = "COFAAS_CALIBRATE"

func init() {
	if os.Getenv(variable) != "" {
		os.Exit(serve())
	}
}

const (
	// budget is how long each kind of call is measured, and bytes the size of its request.
	budget = time.Second
	bytes  = 1 << 10
)

// Measure returns the constants with what was measured in the place of their costs: of calls over the network and, where the system has
// channels, over these. What was not measured stays in proportion.
func Measure(ctx context.Context, c advise.Constants) (advise.Constants, error) {
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, self)
	// The other end stops when this one closes its input, however it ends.
	in, err := cmd.StdinPipe()
	if err != nil {
		return c, err
	}
	defer in.Close()
	out, err := cmd.StdoutPipe()
	if err != nil {
		return c, err
	}
	cmd.Stderr = os.Stderr
	link, files, err := channel.Create(channel.Best())
	if err != nil {
		link, files = nil, nil // there are no channels here
	}
	cmd.ExtraFiles = files
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", variable, len(files)))
	if err := cmd.Start(); err != nil {
		return c, err
	}
	for _, f := range files {
		_ = f.Close()
	}
	defer func() {
		_ = in.Close()
		_ = cmd.Wait() // its answer does not matter any more
	}()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return c, errors.New("the other end of the calls does not start")
	}
	network, err := overNetwork(ctx, strings.TrimSpace(address))
	if err != nil {
		return c, err
	}
	text := fmt.Sprintf("a call over TCP takes %.0f us", network/1000)
	shared := 0.0
	if link != nil {
		if shared, err = overChannel(ctx, link); err != nil {
			return c, err
		}
		text += fmt.Sprintf(", one over a channel %.1f us", shared/1000)
	}
	source := fmt.Sprintf("measured on this machine (%s/%s, %d processors): %s", runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), text)
	return c.Scaled(source, network, shared), nil
}

// overNetwork returns what a call takes by gRPC over TCP, in nanoseconds.
func overNetwork(ctx context.Context, address string) (float64, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	request := wrapperspb.Bytes(make([]byte, bytes))
	return measure(func() error { return conn.Invoke(ctx, method, request, new(wrapperspb.Int64Value)) })
}

// overChannel returns what a call takes over a channel, which it closes, in nanoseconds.
func overChannel(ctx context.Context, link *channel.Link) (float64, error) {
	conn := channel.New(link, channel.Config{})
	defer conn.Close()
	request, header := make([]byte, bytes), channel.Header{Method: method}
	return measure(func() error {
		reply, err := conn.Invoke(ctx, nil, &header, request)
		if err == nil {
			reply.Free()
		}
		return err
	})
}

// measure returns the median of calls, after some for warmth.
func measure(call func() error) (float64, error) {
	const warm = 200
	var times []float64
	for begin, n := time.Now(), 0; time.Since(begin) < budget || n <= warm; n++ {
		start := time.Now()
		if err := call(); err != nil {
			return 0, err
		}
		if n >= warm {
			times = append(times, float64(time.Since(start)))
		}
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
