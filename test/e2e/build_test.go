package e2e

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/cofaas/cofaas/internal/generate"
	"github.com/cofaas/cofaas/test/internal/programs"
)

// The functions of the tests, in the copy of this module in which they are generated.
var functions = map[string]string{
	"producer": "e2e/apps/prodcon/producer",
	"consumer": "e2e/apps/prodcon/consumer",
	"relay":    "e2e/apps/pair/relay",
	"echo":     "e2e/apps/pair/echo",
	"outer":    "e2e/apps/shapes/outer",
	"inner":    "e2e/apps/shapes/inner",
	"front":    "e2e/apps/kit/front",
	"back":     "e2e/apps/kit/back",
	"source":   "e2e/apps/flow/source",
	"sink":     "e2e/apps/flow/sink",
}

// built has the programs, by function.
type built struct {
	dir          string // a copy of this module with the generated hosts
	native, host map[string]string
	// cache holds the compiled guests.
	cache string
}

var scratch string // lives as long as the tests

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(programs.Main(m, &scratch))
}

// build makes all programs once for the whole package.
func build(t *testing.T) *built {
	t.Helper()
	if testing.Short() {
		t.Skip("builds guests, which takes long")
	}
	b, err := builtOnce()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var builtOnce = sync.OnceValues(func() (*built, error) {
	b := &built{dir: filepath.Join(scratch, "test"), native: map[string]string{}, host: map[string]string{}, cache: filepath.Join(scratch, "compiled")}
	err := programs.CopyModule(b.dir, map[string]string{
		"e2e/apps/pair":             "test/e2e/apps/pair",
		"e2e/apps/shapes":           "test/e2e/apps/shapes",
		"e2e/apps/kit":              "test/e2e/apps/kit",
		"e2e/apps/flow":             "test/e2e/apps/flow",
		"e2e/apps/prodcon/producer": "example/prodcon/producer",
		"e2e/apps/prodcon/consumer": "example/prodcon/consumer",
	})
	if err != nil {
		return nil, err
	}
	_, err = generate.Run(context.Background(), generate.Options{Dir: b.dir, StageDir: filepath.Join(scratch, "stage"), Tool: scratch})
	if err != nil {
		return nil, fmt.Errorf("generate: %w", err)
	}
	bin := filepath.Join(scratch, "bin")
	for name, pkg := range functions {
		b.native[name], b.host[name] = filepath.Join(bin, name), filepath.Join(bin, name+"-host")
		for out, p := range map[string]string{b.native[name]: pkg, b.host[name]: pkg + "/cofaas"} {
			if err := programs.Go(b.dir, "build", "-o", out, "./"+p); err != nil {
				return nil, err
			}
		}
	}
	return b, nil
})
