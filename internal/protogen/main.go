// Command protogen regenerates the committed *.pb.go files of this repository. It needs the Go toolchain only, no
// protoc: it parses .proto files itself and runs the plugins protoc-gen-go and protoc-gen-go-grpc in the versions
// that its go.mod pins.
//
//	go run -C internal/protogen . [flags] [file.proto...]
//
// It is a development tool in a module of its own, so it must be started from its own folder, as above; -dir names
// the folder that all other paths are relative to. Files are named as other files import them, relative to an -I
// folder. A -builtin file is taken from a Go package that is linked into the tool (the gRPC health and
// reflection services and the well-known types); such descriptors have no comments, so neither has the output.
// -gateway makes the HTTP gateway of services with google.api.http annotations, by protoc-gen-grpc-gateway.
//
// The output holds nothing that differs between machines, and nothing is written when there is an error.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run is main without the process: it returns the exit code, 2 for wrong usage, 1 for any other failure and for
// stale files under -check.
func run(args []string, stdout, stderr io.Writer) int {
	opts, err := parseFlags(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2 // the flag set has printed it
	}

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	files, err := generate(ctx, opts.request)
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}

	out := filepath.Join(opts.dir, opts.out)
	if !opts.check {
		if err := commit(out, files); err != nil {
			fmt.Fprintln(stderr, err)
			return 1
		}
		return 0
	}
	stale := compare(out, files)
	for _, name := range stale {
		fmt.Fprintf(stdout, "%s: stale, run go generate\n", name)
	}
	if len(stale) > 0 {
		return 1
	}
	return 0
}

// options is the parsed command line.
type options struct {
	request
	dir   string
	out   string
	check bool
}

func parseFlags(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("protogen", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, "usage: protogen [flags] [file.proto...]\n\n")
		fs.PrintDefaults()
	}
	fs.StringVar(&o.dir, "dir", ".", "`folder` that all other paths are relative to")
	fs.StringVar(&o.out, "out", ".", "`folder` that output goes to")
	fs.StringVar(&o.module, "module", "",
		"lay output out by Go import path, less this `prefix`; without it, output is laid out as its sources are")
	fs.BoolVar(&o.check, "check", false, "write nothing, list stale files and exit 1 if there are any")
	fs.Func("I", "`folder` to find .proto files in; may be repeated (default \".\")", func(s string) error {
		o.includes = append(o.includes, s)
		return nil
	})
	fs.Func("builtin", "generate for this .proto `file` of a linked Go package; may be repeated", func(s string) error {
		o.builtins = append(o.builtins, s)
		return nil
	})
	fs.Func("M", "`file=importpath`: the Go package of a .proto file, instead of its go_package; may be repeated",
		func(s string) error {
			file, path, err := cutPair(s)
			if err != nil {
				return err
			}
			o.mappings = append(o.mappings, "M"+file+"="+path)
			return nil
		})
	fs.Func("grpc-opt", "`key=value`: a parameter for protoc-gen-go-grpc only; may be repeated", func(s string) error {
		_, _, err := cutPair(s)
		o.grpcOpts = append(o.grpcOpts, s)
		return err
	})
	fs.BoolVar(&o.unregistered, "unregistered", false,
		"register files and types where no other package sees them, so that a program can have them twice")
	fs.BoolVar(&o.gateway, "gateway", false, "run protoc-gen-grpc-gateway too")
	fs.Func("import", "`old=new`: import new where the output would import old or what is below it; may be repeated",
		func(s string) error {
			from, to, err := cutPair(s)
			if err != nil {
				return err
			}
			o.imports = append(o.imports, importRule{from: from, to: to})
			return nil
		})
	if err := fs.Parse(args); err != nil {
		return options{}, err
	}
	o.files = fs.Args()
	if len(o.files)+len(o.builtins) == 0 {
		err := errors.New("name a .proto file or a -builtin")
		fmt.Fprintln(stderr, "protogen:", err)
		fs.Usage()
		return options{}, err
	}
	if len(o.includes) == 0 {
		o.includes = []string{"."}
	}
	for i, dir := range o.includes {
		o.includes[i] = filepath.Join(o.dir, dir)
	}
	return o, nil
}

// cutPair splits "key=value". Commas are refused because they separate the parameters of a plugin.
func cutPair(s string) (key, value string, err error) {
	key, value, ok := strings.Cut(s, "=")
	if !ok || key == "" || value == "" || strings.Contains(s, ",") {
		return "", "", errors.New("want key=value without commas")
	}
	return key, value, nil
}

// commit writes files below dir. Names are slash-separated.
func commit(dir string, files map[string][]byte) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, files[name], 0o644); err != nil {
			return err
		}
	}
	return nil
}

// compare returns the sorted names of the files that are missing below dir or have other contents there.
func compare(dir string, files map[string][]byte) []string {
	var stale []string
	for _, name := range slices.Sorted(maps.Keys(files)) {
		have, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !bytes.Equal(have, files[name]) {
			stale = append(stale, name)
		}
	}
	return stale
}
