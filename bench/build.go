package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// modulePath is the module whose example is measured.
const modulePath = "github.com/cofaas/cofaas"

// functions of the example, which are also the folders that they are in.
var functions = []string{"producer", "consumer"}

// built is what a run needs of the module.
type built struct {
	root               string // of the module
	tmp                string // for whatever else a run writes
	self               string // this program, for child processes
	producer, consumer string // native programs
	host               string // generated
	plugin             string // go-plugin guest
	compiled           string // the host's cache of compiled guests
}

// function returns the folder of a function.
func function(root, name string) string { return filepath.Join(root, "example", "prodcon", name) }

// guest returns the file of a function's guest, as built into the producer's host.
func guest(root, name string) string {
	return filepath.Join(function(root, "producer"), "cofaas", "guests", name+".wasm")
}

// build builds everything into tmp, guests excepted, which are generated where they belong.
func build(ctx context.Context, tmp string) (*built, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	root, err := command(ctx, "", nil, "go", "list", "-m", "-f", "{{.Dir}}", modulePath)
	if err != nil {
		return nil, fmt.Errorf("bench runs in its own folder: %w", err)
	}
	b := &built{
		root: strings.TrimSpace(root), tmp: tmp, self: self,
		producer: filepath.Join(tmp, "producer"), consumer: filepath.Join(tmp, "consumer"),
		host: filepath.Join(tmp, "host"), plugin: filepath.Join(tmp, "plugin.wasm"),
		compiled: filepath.Join(tmp, "compiled"),
	}
	if err := generate(ctx, b.root, nil); err != nil {
		return nil, fmt.Errorf("cofaas: %w", err)
	}
	wasm := []string{"GOOS=wasip1", "GOARCH=wasm"}
	for _, p := range []struct {
		peer, dir string
		env       []string
		args      []string
	}{
		{"tcp", function(b.root, "producer"), nil, []string{"-o", b.producer, "."}},
		{"tcp", function(b.root, "consumer"), nil, []string{"-o", b.consumer, "."}},
		{"cofaas", function(b.root, "producer"), nil, []string{"-o", b.host, "./cofaas"}},
		{"goplugin", "", wasm, []string{"-buildmode=c-shared", "-o", b.plugin, modulePath + "/bench/internal/transfer/plugin"}},
	} {
		if _, err := command(ctx, p.dir, p.env, "go", append([]string{"build"}, p.args...)...); err != nil {
			return nil, fmt.Errorf("%s: %w", p.peer, err)
		}
	}
	return b, nil
}

// generate has cofaas-gen bring the example's generated output up to date.
func generate(ctx context.Context, root string, env []string) error {
	for _, f := range functions {
		if _, err := command(ctx, function(root, f), env, "go", "tool", "cofaas-gen", "-q"); err != nil {
			return err
		}
	}
	return nil
}

// command runs a command to its end and returns what it prints.
func command(ctx context.Context, dir string, env []string, name string, args ...string) (string, error) {
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	ownGroup(cmd)
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), errors.Join(err, text(stderr.Bytes())))
	}
	return stdout.String(), nil
}

// text makes an error of what a program printed.
func text(output []byte) error {
	if output = bytes.TrimSpace(output); len(output) > 0 {
		return errors.New(string(output))
	}
	return nil
}
