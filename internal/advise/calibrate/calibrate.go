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

	"github.com/cofaas/cofaas/internal/advise"
)

// variable says to a program that it is the other end.
const variable = "COFAAS_CALIBRATE"

func init() {
	if os.Getenv(variable) != "" {
		os.Exit(serve())
	}
}

const (
	// budget is how long each kind of edge is measured.
	budget = time.Second
	// large is the size of the messages by which the cost of a byte is measured.
	large = 256 << 10
)

// Measure returns the constants with what was measured in the place of their costs.
func Measure(ctx context.Context, c advise.Constants) (advise.Constants, error) {
	self, err := os.Executable()
	if err != nil {
		return c, err
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	cmd := exec.CommandContext(ctx, self)
	cmd.Env = append(os.Environ(), variable+"=1")
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
	if err := cmd.Start(); err != nil {
		return c, err
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
	known := c.Edges[advise.Network]
	cost := advise.Cost{CallNs: network.call, ByteNs: network.perByte}
	// The rest is to what was measured as it is by default.
	cost.MessageNs = known.MessageNs * cost.CallNs / known.CallNs
	cost.CPUCallNs = known.CPUCallNs * cost.CallNs / known.CallNs
	cost.CPUMessageNs = known.CPUMessageNs * cost.CallNs / known.CallNs
	cost.CPUByteNs = known.CPUByteNs * cost.ByteNs / known.ByteNs
	source := fmt.Sprintf("measured on this machine (%s/%s, %d processors): a call over TCP takes %.0f us", runtime.GOOS, runtime.GOARCH, runtime.GOMAXPROCS(0), cost.CallNs/1000)
	return c.Measured(source, map[advise.Kind]advise.Cost{advise.Network: cost}), nil
}

// timing is what calls take in nanoseconds.
type timing struct{ call, perByte float64 }

// overNetwork measures gRPC over TCP.
func overNetwork(ctx context.Context, address string) (timing, error) {
	conn, err := grpc.NewClient(address, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return timing{}, err
	}
	defer conn.Close()
	return measure(func(size int) (func() error, error) {
		request := wrapperspb.Bytes(make([]byte, size))
		return func() error { return conn.Invoke(ctx, method, request, new(wrapperspb.Int64Value)) }, nil
	})
}

// measure takes turns with small and large requests, after a few for warmth.
func measure(open func(size int) (call func() error, err error)) (timing, error) {
	sizes := []int{0, large}
	var calls []func() error
	for _, size := range sizes {
		call, err := open(size)
		if err != nil {
			return timing{}, err
		}
		calls = append(calls, call)
	}
	const warm, turn = 50, 20
	var times [2][]float64
	for begin, rounds := time.Now(), 0; time.Since(begin) < budget; rounds++ {
		for i, call := range calls {
			for range turn {
				start := time.Now()
				if err := call(); err != nil {
					return timing{}, err
				}
				if rounds*turn >= warm {
					times[i] = append(times[i], float64(time.Since(start)))
				}
			}
		}
	}
	if len(times[0]) == 0 {
		return timing{}, errors.New("calls take too long to be measured")
	}
	small, big := median(times[0]), median(times[1])
	return timing{small, max(0, (big-small)/large)}, nil
}

func median(x []float64) float64 {
	slices.Sort(x)
	return x[len(x)/2]
}
