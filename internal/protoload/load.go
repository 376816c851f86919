package protoload

import (
	"context"
	"errors"
	"fmt"
	"go/token"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
)

const (
	// maxFileSize bounds what is read of one file: a byte of source can take a thousand of memory.
	maxFileSize = 8 << 20
	// maxPaths bounds chains of public imports. protodesc follows each of them, and they multiply.
	maxPaths = 1 << 16
)

// Options say where files are looked up.
type Options struct {
	// ImportPaths are folders, like protoc's -I, tried in order. None means the current folder.
	ImportPaths []string
	// FS, if set, is read in place of the file system; import paths are then slash-separated paths in it.
	FS fs.FS
	// Descriptors are files that no import path holds, by the names that imports have for them. What they import is taken
	// from them too, even if an import path holds a file of that name: they were compiled together.
	Descriptors map[string]Descriptor
}

// Load reads the named files and everything they import, and links them. Names are as in an import statement:
// slash-separated and relative to an import path.
//
// The error joins one [*Error] per finding, in the order of the files and of the places in them, and is that of ctx
// if it ends first. With an error there is no result.
func Load(ctx context.Context, opts Options, names ...string) (*Files, error) {
	if len(opts.ImportPaths) == 0 {
		opts.ImportPaths = []string{"."}
	}
	l := &loader{ctx: ctx, opts: opts, r: &report{}, files: map[string]*file{}, sets: map[string]bool{}}
	for _, name := range names {
		if err := l.load(name, token.Position{Filename: name}, "file", false); err != nil {
			return nil, err
		}
	}
	rs := &resolver{r: l.r, symbols: map[string]symbol{}, extensions: map[string]token.Position{}}
	rs.declareAll(l.order)
	for _, f := range l.order {
		if f.toks != nil && !f.broken { // protoc resolved and checked what has no source
			if err := ctx.Err(); err != nil {
				return nil, fmt.Errorf("protoload: %w", err)
			}
			rs.resolve(f)
		}
	}
	if err := l.err(); err != nil {
		return nil, err
	}
	return l.link()
}

type loader struct {
	ctx   context.Context
	opts  Options
	r     *report
	files map[string]*file  // by name; nil for a file that could not be read
	order []*file           // dependencies first
	stack []string          // names of the files being read
	sets  map[string]bool   // full names of the message sets
	homes map[string]string // of the messages and enums in opts.Descriptors, the names of their files
}

func (l *loader) err() error {
	order := map[string]int{}
	for i, f := range l.order {
		order[f.path] = i
	}
	return l.r.err(order)
}

func importSubject(name string) string { return "import " + strconv.Quote(name) }

// load reads a file unless that was done. Findings go to the report, at pos if they concern the file as such;
// only the end of the context is an error. An import of a compiled file is looked up in compiled files only.
func (l *loader) load(name string, pos token.Position, subject string, compiled bool) error {
	if err := l.ctx.Err(); err != nil {
		return fmt.Errorf("protoload: %w", err)
	}
	if f, ok := l.files[name]; ok {
		if i := slices.Index(l.stack, name); f == nil && i >= 0 {
			l.r.add(pos, subject, "import cycle %s, break it", strings.Join(append(slices.Clone(l.stack[i:]), name), " -> "))
		}
		return nil
	}
	l.files[name] = nil
	if wellKnown[name] {
		return l.loadLinked(name)
	}
	where, src, err := name, "", error(fs.ErrNotExist)
	if !compiled {
		where, src, err = l.read(name)
	}
	d, ok := l.opts.Descriptors[name]
	if errors.Is(err, fs.ErrNotExist) || ok && !fs.ValidPath(name) { // protoc takes names that no import path can hold
		standIn, shipped := standIns[name]
		switch {
		case ok && d.Err != nil:
			err = d.Err
		case ok:
			return l.loadCompiled(name, d)
		case linked[name]:
			return l.loadLinked(name)
		case shipped:
			where, src, err = name, standIn, nil
		}
	}
	if err != nil {
		l.r.add(pos, subject, "%v", err)
		return nil
	}
	f := &file{name: name, path: where}
	tree := f.parse(src, l.r)
	if tree == nil {
		f.broken = true
		l.files[name] = f
		l.order = append(l.order, f)
		return nil
	}
	f.convert(tree, l.r)
	l.stack = append(l.stack, name)
	for i := range f.imports {
		imp := &f.imports[i]
		dep := f.toks[imp.at].text
		if found, ok := l.otherName(dep); ok {
			f.fd.Dependency[i] = found
			dep = found
		}
		if err := l.load(dep, f.pos(imp.at), importSubject(dep), false); err != nil {
			return err
		}
		imp.file = l.files[dep]
		f.broken = f.broken || imp.file == nil || imp.file.broken
		if imp.public && imp.file != nil {
			if f.paths = min(f.paths+1+imp.file.paths, maxPaths+1); f.paths > maxPaths && !f.broken {
				l.r.add(f.pos(imp.at), importSubject(dep), "more than %d chains of public imports start here, import what they lead to directly", maxPaths)
				f.broken = true
			}
		}
	}
	l.stack = l.stack[:len(l.stack)-1]
	l.files[name] = f
	l.order = append(l.order, f)
	return nil
}

// loadLinked takes a file that is linked into every Go program that uses protobuf.
func (l *loader) loadLinked(name string) error {
	desc, err := protoregistry.GlobalFiles.FindFileByPath(name)
	if err != nil {
		return fmt.Errorf("protoload: %w", err)
	}
	f := &file{name: name, path: name, desc: desc, fd: protodesc.ToFileDescriptorProto(desc)}
	f.declareCompiled()
	for i := range desc.Imports().Len() {
		imp := desc.Imports().Get(i)
		if err := l.load(imp.Path(), token.Position{Filename: name}, importSubject(imp.Path()), true); err != nil {
			return err
		}
		f.imports = append(f.imports, importStmt{public: imp.IsPublic, file: l.files[imp.Path()]})
	}
	l.files[name] = f
	l.order = append(l.order, f)
	return nil
}

// read returns the source of the first file of that name.
func (l *loader) read(name string) (where, src string, err error) {
	if !fs.ValidPath(name) || name == "." || strings.ContainsAny(name, "\\\x00") {
		return "", "", errors.New("not a file name, use a slash-separated path relative to an import path, without dots as elements")
	}
	for _, p := range l.opts.ImportPaths {
		where, src, err = l.readIn(p, name)
		if !errors.Is(err, fs.ErrNotExist) {
			return where, src, err
		}
	}
	tried := make([]string, len(l.opts.ImportPaths))
	for i, p := range l.opts.ImportPaths {
		tried[i] = strconv.Quote(p)
	}
	return "", "", notFound(fmt.Sprintf("not found in import path %s, add the one that holds it", strings.Join(tried, ", ")))
}

// notFound is an error that matches [fs.ErrNotExist].
type notFound string

func (e notFound) Error() string        { return string(e) }
func (e notFound) Is(target error) bool { return target == fs.ErrNotExist }

func (l *loader) readIn(dir, name string) (where, src string, err error) {
	var info fs.FileInfo
	if l.opts.FS != nil {
		where = path.Join(dir, name)
		info, err = fs.Stat(l.opts.FS, where)
	} else {
		where = filepath.Join(dir, filepath.FromSlash(name))
		info, err = os.Stat(where)
	}
	if err != nil {
		return "", "", err
	}
	if !info.Mode().IsRegular() { // opening a pipe would wait
		return "", "", fmt.Errorf("%s is not a regular file", where)
	}
	var f fs.File
	if l.opts.FS != nil {
		f, err = l.opts.FS.Open(where)
	} else {
		f, err = os.Open(where)
	}
	if err != nil {
		return "", "", err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFileSize+1))
	if err != nil {
		return "", "", err
	}
	if len(b) > maxFileSize {
		return "", "", fmt.Errorf("%s is larger than %d bytes, split it", where, maxFileSize)
	}
	return where, string(b), nil
}

// link makes descriptors of the files, which were found to be sound as far as the checks here go.
func (l *loader) link() (*Files, error) {
	out := &Files{Files: &protoregistry.Files{}, paths: map[string]string{}, sets: l.sets}
	for _, f := range l.order {
		if f.desc == nil {
			// What needs a file that does not link cannot link either; its own findings are for the next run.
			if slices.ContainsFunc(f.imports, func(i importStmt) bool { return i.file.desc == nil }) {
				continue
			}
			desc, err := protodesc.NewFile(l.linkable(f), out.Files)
			if err != nil {
				l.r.addLinkError(f, err)
				continue
			}
			f.desc = desc
		}
		if err := out.RegisterFile(f.desc); err != nil {
			l.r.addLinkError(f, err)
			continue
		}
		out.add(f.desc, f.fd, f.path)
	}
	if err := l.err(); err != nil {
		return nil, err
	}
	return out, nil
}
