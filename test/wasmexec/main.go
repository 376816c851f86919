// Command wasmexec runs a wasip1 program in wazero after it has been rewritten as guests are. As the -exec of go test, it shows that
// a package's tests pass with the rewrite:
//
//	GOOS=wasip1 GOARCH=wasm go test -exec 'go run github.com/cofaas/cofaas/test/wasmexec' sort
package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
	"github.com/tetratelabs/wazero/sys"

	"github.com/cofaas/cofaas/internal/wasmopt"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: wasmexec PROGRAM.wasm [ARGUMENT]...")
		os.Exit(2)
	}
	err := run(context.Background(), os.Args[1:])
	var exit *sys.ExitError
	switch {
	case errors.As(err, &exit):
		os.Exit(int(exit.ExitCode()))
	case err != nil:
		fmt.Fprintln(os.Stderr, "wasmexec:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	program, err := os.ReadFile(args[0])
	if err != nil {
		return err
	}
	if program, _, err = wasmopt.Module(program); err != nil {
		return err
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	rt := wazero.NewRuntime(ctx)
	defer rt.Close(ctx)
	wasi_snapshot_preview1.MustInstantiate(ctx, rt)
	// Tests expect what go test gives them natively: files, their folder, the environment.
	config := wazero.NewModuleConfig().WithArgs(args...).WithStdin(os.Stdin).WithStdout(os.Stdout).WithStderr(os.Stderr).
		WithSysNanotime().WithSysWalltime().WithSysNanosleep().WithRandSource(rand.Reader).
		WithFSConfig(wazero.NewFSConfig().WithDirMount("/", "/")).WithEnv("PWD", dir)
	for _, kv := range os.Environ() {
		if key, value, _ := strings.Cut(kv, "="); key != "PWD" {
			config = config.WithEnv(key, value)
		}
	}
	_, err = rt.InstantiateWithConfig(ctx, program, config)
	return err
}
