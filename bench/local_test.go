package main

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"

	"github.com/tetratelabs/wazero"
	"google.golang.org/grpc"

	"github.com/cofaas/cofaas/example/prodcon/protos/prodcon"
)

func TestLocalTransports(t *testing.T) {
	plugin := filepath.Join(t.TempDir(), "plugin.wasm")
	if !testing.Short() {
		env := []string{"GOOS=wasip1", "GOARCH=wasm"}
		if _, err := command(t.Context(), "", env, "go", "build", "-buildmode=c-shared", "-o", plugin, "./internal/transfer/plugin"); err != nil {
			t.Fatal(err)
		}
	}
	for _, tr := range localTransports(plugin) {
		t.Run(tr.name, func(t *testing.T) {
			if tr.name == "goplugin" && testing.Short() {
				t.Skip("compiles a guest")
			}
			for _, size := range []int{1, 1 << 10, 512 << 10} {
				s, err := tr.open(t.Context(), size, 3)
				if err != nil {
					t.Fatal(err)
				}
				// A sample is what calls take over what all else takes: if that is held up, there is none.
				var ns float64
				for try := 0; try < 10 && ns <= 0 && err == nil; try++ {
					ns, err = s.sample(t.Context())
				}
				s.close()
				if err != nil || ns <= 0 {
					t.Errorf("%d bytes: %v ns per call, %v", size, ns, err)
				}
			}
		})
	}
}

// wrongConsumer loses a byte.
type wrongConsumer struct{}

func (wrongConsumer) ConsumeByte(_ context.Context, r *prodcon.ConsumeByteRequest, _ ...grpc.CallOption) (*prodcon.ConsumeByteReply, error) {
	return &prodcon.ConsumeByteReply{Value: true, Length: int32(len(r.GetValue()) - 1)}, nil
}

func TestLoop_Errors(t *testing.T) {
	if err := loop(wrongConsumer{}, 16, 1)(t.Context()); err == nil {
		t.Error("a wrong reply went unnoticed")
	}
}

func TestOpenPlugin_Errors(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none.wasm")
	if _, err := openPlugin(t.Context(), none, wazero.NewCompilationCache(), 1, 1); err == nil {
		t.Error("a plugin that is not there was loaded")
	}
}

func TestSampler(t *testing.T) {
	var order []string
	step := func(name string) func(context.Context) error {
		return func(context.Context) error { order = append(order, name); return nil }
	}
	s := &sampler{calls: 10, many: step("many"), none: step("none"), prepare: step("prepare")}
	if _, err := s.sample(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{"prepare", "many", "none"}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	why := errors.New("why")
	fails := func(context.Context) error { return why }
	for _, s := range []*sampler{
		{calls: 1, many: fails}, {calls: 1, many: step("many"), none: fails}, {calls: 1, many: step("many"), prepare: fails},
	} {
		if _, err := s.sample(t.Context()); err != why {
			t.Errorf("got %v, want %v", err, why)
		}
	}
}

func TestAlternate(t *testing.T) {
	var order []int
	samples, err := alternate(t.Context(), 3, 2, func(_ context.Context, peer int) ([]float64, error) {
		order = append(order, peer)
		return []float64{float64(len(order))}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []int{0, 1, 2, 1, 2, 0, 2, 0, 1, 0, 1, 2, 1, 2, 0}; !slices.Equal(order, want) {
		t.Errorf("order %v, want %v", order, want)
	}
	for peer, want := range [][]float64{{10, 15}, {11, 13}, {12, 14}} {
		if !slices.Equal(samples[peer], want) {
			t.Errorf("peer %d: samples %v, want %v", peer, samples[peer], want)
		}
	}
}
