package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/pluginpb"
)

// The plugins are Go tools, pinned by go.mod.
const (
	messagePlugin = "google.golang.org/protobuf/cmd/protoc-gen-go"
	servicePlugin = "google.golang.org/grpc/cmd/protoc-gen-go-grpc"
	gatewayPlugin = "github.com/grpc-ecosystem/grpc-gateway/v2/protoc-gen-grpc-gateway"
)

// request says what to generate.
type request struct {
	includes []string     // folders that files are looked up in
	files    []string     // .proto files, named relative to one of includes
	builtins []string     // .proto files of linked Go packages
	module   string       // prefix that output paths lose; empty for output next to its source
	mappings []string     // plugin parameters of the form Mfile=importpath
	grpcOpts []string     // more parameters for servicePlugin
	gateway  bool         // run gatewayPlugin too
	imports  []importRule // applied to every generated file
	// unregistered keeps types out of the registry that packages share.
	unregistered bool
}

// generate returns the contents of the generated files by slash-separated name. It writes nothing.
func generate(ctx context.Context, r request) (map[string][]byte, error) {
	protos, err := loadProtos(ctx, r)
	if err != nil {
		return nil, err
	}
	if r.unregistered && len(protos) > 1 {
		return nil, errors.New("-unregistered: imports could not be found in a registry of its own: generate for one file without imports")
	}
	params := []string{"paths=source_relative"}
	if r.module != "" {
		params = []string{"module=" + r.module}
	}
	params = append(params, r.mappings...)
	// The compiler version stays unset: it would end up in the output.
	req := &pluginpb.CodeGeneratorRequest{
		FileToGenerate: slices.Concat(r.files, r.builtins),
		ProtoFile:      protos,
	}

	files := make(map[string][]byte)
	var errs []error
	plugins := []string{messagePlugin, servicePlugin}
	if r.gateway {
		plugins = append(plugins, gatewayPlugin)
	}
	for _, plugin := range plugins {
		params := slices.Clone(params)
		if plugin == servicePlugin {
			params = append(params, r.grpcOpts...)
		}
		req.Parameter = proto.String(strings.Join(params, ","))
		resp, err := runPlugin(ctx, plugin, req)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", path.Base(plugin), err))
			continue
		}
		for _, f := range resp.GetFile() {
			if err := addFile(files, f, r); err != nil {
				errs = append(errs, fmt.Errorf("%s: %s: %w", path.Base(plugin), f.GetName(), err))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return files, nil
}

func addFile(files map[string][]byte, f *pluginpb.CodeGeneratorResponse_File, r request) error {
	name := f.GetName()
	if f.InsertionPoint != nil {
		return errors.New("insertion points are not supported")
	}
	if !filepath.IsLocal(filepath.FromSlash(name)) {
		return errors.New("the file name leads out of the output folder")
	}
	if _, ok := files[name]; ok {
		return errors.New("the file was generated twice")
	}
	content, err := rewriteImports(name, []byte(f.GetContent()), r.imports)
	if err != nil {
		return err
	}
	if r.unregistered {
		if content, err = unregister(name, content); err != nil {
			return err
		}
	}
	files[name] = content
	return nil
}

// runPlugin runs a tool of the module that the working directory is in.
func runPlugin(ctx context.Context, plugin string, req *pluginpb.CodeGeneratorRequest) (*pluginpb.CodeGeneratorResponse, error) {
	in, err := proto.MarshalOptions{Deterministic: true}.Marshal(req)
	if err != nil {
		return nil, err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "go", "tool", plugin)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(in), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	resp := new(pluginpb.CodeGeneratorResponse)
	if err := proto.Unmarshal(stdout.Bytes(), resp); err != nil {
		return nil, err
	}
	if resp.Error != nil {
		return nil, errors.New(resp.GetError())
	}
	return resp, nil
}
