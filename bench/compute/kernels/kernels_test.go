package kernels

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// A kernel's sum depends on the amount of work alone, also when it runs several times at once.
func TestKernels(t *testing.T) {
	if len(Names) != len(All) {
		t.Fatalf("%d names of %d kernels", len(Names), len(All))
	}
	for _, name := range Names {
		t.Run(name, func(t *testing.T) {
			var sums []uint64
			for _, n := range []int{1, 2, 10} {
				want, err := Run(name, n)
				if err != nil {
					t.Fatal(err)
				}
				var group sync.WaitGroup
				for range 4 {
					group.Go(func() {
						if got, err := Run(name, n); got != want || err != nil {
							t.Errorf("%d: got %d, %v, before %d", n, got, err, want)
						}
					})
				}
				group.Wait()
				sums = append(sums, want)
			}
			if slices.Max(sums) == slices.Min(sums) {
				t.Errorf("got %d for any amount", sums[0])
			}
		})
	}
}

func TestRun_Errors(t *testing.T) {
	if _, err := Run("fft", 1); err == nil || !strings.Contains(err.Error(), `no kernel "fft"`) {
		t.Errorf("got %v", err)
	}
	if _, err := Run("sort", 0); err == nil || !strings.Contains(err.Error(), "at least 1") {
		t.Errorf("got %v", err)
	}
}

func BenchmarkKernels(b *testing.B) {
	for _, name := range Names {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				All[name](1)
			}
		})
	}
}
