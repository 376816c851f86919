package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/gen/wit"
	"github.com/cofaas/cofaas/internal/genflags"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

const witUsage = `Usage:

	cofaas-gen wit [-I DIR]... FILE.proto...

prints the WIT of all services, messages and enums of the files and of what they use. No Go package is needed. A FILE is a path, in
one of the folders of -I, or a name relative to one of them, as in an import statement.

Exit codes: 0 done, 1 something is wrong (nothing was printed), 2 wrong usage.

Flags:
`

// runWIT is the subcommand wit.
func runWIT(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var dirs genflags.StringList
	set := flag.NewFlagSet("cofaas-gen wit", flag.ContinueOnError)
	set.SetOutput(stderr)
	set.Usage = func() {
		fmt.Fprint(set.Output(), witUsage)
		set.PrintDefaults()
	}
	set.Var(&dirs, "I", "a `folder` in which protos are looked up, as protoc's -I; may be repeated; none means this folder")
	if err := set.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			return 0
		}
		return 2
	}
	if set.NArg() == 0 {
		fmt.Fprintln(stderr, "wit: name the .proto files")
		return 2
	}
	if len(dirs) == 0 {
		dirs = genflags.StringList{"."}
	}
	if err := checkFolders(dirs); err != nil {
		fmt.Fprintln(stderr, err)
		return 2
	}
	text, err := protosWIT(ctx, dirs, set.Args())
	if err == nil {
		_, err = stdout.Write(text)
	}
	if err != nil {
		printError(stderr, err)
		return 1
	}
	return 0
}

func checkFolders(dirs []string) error {
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return fmt.Errorf("-I %s: is not a folder", dir)
		}
	}
	return nil
}

// protosWIT returns the WIT of files.
func protosWIT(ctx context.Context, dirs, paths []string) ([]byte, error) {
	var names []string
	var errs []error
	for _, path := range paths {
		name, err := importName(dirs, path)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		names = append(names, name)
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	files, err := protoload.Load(ctx, protoload.Options{ImportPaths: dirs}, names...)
	if err != nil {
		return nil, err
	}
	opts := model.Options{Locate: files.Path}
	var services []protoreflect.ServiceDescriptor
	for _, name := range names {
		fd, err := files.FindFileByPath(name)
		if err != nil {
			return nil, err
		}
		opts.Files = append(opts.Files, fd)
		for i := range fd.Services().Len() {
			services = append(services, fd.Services().Get(i))
		}
	}
	m := model.Build(services, opts)
	if err := mapping.CheckNames(m); err != nil {
		return nil, err
	}
	return wit.Protos(m), nil
}

// importName returns the name by which other files import a file. It is the path below the first folder that holds it, as protoc
// has it; what is no file is taken for a name.
func importName(dirs []string, path string) (string, error) {
	if _, err := os.Stat(path); err != nil {
		return filepath.ToSlash(path), nil
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	for i, dir := range dirs {
		dir, err := filepath.Abs(dir)
		if err != nil {
			return "", err
		}
		name, err := filepath.Rel(dir, abs)
		if err != nil || !filepath.IsLocal(name) {
			continue
		}
		for _, before := range dirs[:i] {
			if hides := filepath.Join(before, name); exists(hides) {
				return "", fmt.Errorf("%s: is hidden by %s, which has the same name in an earlier -I; change their order", path, hides)
			}
		}
		return filepath.ToSlash(name), nil
	}
	return "", fmt.Errorf("%s: is in none of the folders that protos are looked up in; add -I with the folder that its imports are relative to", path)
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
