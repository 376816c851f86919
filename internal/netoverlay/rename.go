package netoverlay

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A MovedError is a Go release whose package net is not as the overlay needs it.
type MovedError struct {
	// Release is the Go release, for instance "go1.24.0".
	Release string
	// File is the name of the file in package net, and Function the function or method that should be in it.
	File, Function string
	// Want is the signature that is needed. Got is the one that was found, empty if there is no such function.
	Want, Got string
}

func (e *MovedError) Error() string {
	text := fmt.Sprintf("package net of %s cannot be used in guests: net/%s: ", e.Release, e.File)
	if e.Got == "" {
		text += fmt.Sprintf("there is no %s%s", e.Function, strings.TrimPrefix(e.Want, "func"))
	} else {
		text += fmt.Sprintf("%s is %s, not %s", e.Function, e.Got, e.Want)
	}
	return text + "; use another Go release, or a release of cofaas that knows it"
}

// rename adds to the overlay what gives the originals of our functions other names, and checks what else our files use.
func (o *Overlay) rename(release string) error {
	var errs []error
	for _, name := range sortedKeys(expectations) {
		src, err := os.ReadFile(filepath.Join(o.dir, name))
		if err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("package net for guests: %w", err)
		}
		renamed, moved, err := renameIn(name, src, expectations[name])
		if err != nil {
			return fmt.Errorf("package net for guests: %w", err)
		}
		for _, m := range moved {
			m.Release = release
			errs = append(errs, m)
		}
		if !bytes.Equal(renamed, src) {
			o.files[name] = renamed
		}
	}
	return errors.Join(errs...)
}

// renameIn returns a file in which functions have other names, and those of the functions that are not as they were expected. Nothing
// else in the file changes, so that lines stay where they are.
func renameIn(name string, src []byte, want []function) ([]byte, []*MovedError, error) {
	if src == nil {
		src = []byte("package net\n") // in which all is missing
	}
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil, nil, err
	}
	var moved []*MovedError
	type edit struct {
		ident *ast.Ident
		text  string
	}
	var edits []edit
	for _, f := range want {
		decl := findFunction(file, f)
		got := ""
		if decl != nil {
			if got, err = signature(decl); err != nil {
				return nil, nil, err
			}
		}
		if got != f.signature {
			moved = append(moved, &MovedError{File: name, Function: f.String(), Want: f.signature, Got: got})
			continue
		}
		if f.replaced {
			edits = append(edits, edit{decl.Name, f.originalName()})
		}
	}
	slices.SortFunc(edits, func(a, b edit) int { return int(a.ident.Pos() - b.ident.Pos()) })
	var out []byte
	at := 0
	for _, e := range edits {
		start, end := fset.Position(e.ident.Pos()).Offset, fset.Position(e.ident.End()).Offset
		out = append(append(out, src[at:start]...), e.text...)
		at = end
	}
	return append(out, src[at:]...), moved, nil
}

func findFunction(file *ast.File, f function) *ast.FuncDecl {
	for _, d := range file.Decls {
		decl, ok := d.(*ast.FuncDecl)
		if ok && decl.Name.Name == f.name && receiver(decl) == f.receiver {
			return decl
		}
	}
	return nil
}

// receiver returns the type of a method's receiver, for instance "*netFD".
func receiver(decl *ast.FuncDecl) string {
	if decl.Recv == nil || len(decl.Recv.List) != 1 {
		return ""
	}
	switch t := decl.Recv.List[0].Type.(type) {
	case *ast.StarExpr:
		if id, ok := t.X.(*ast.Ident); ok {
			return "*" + id.Name
		}
	case *ast.Ident:
		return t.Name
	}
	return ""
}

// signature returns a function's type without the names of parameters and results, which may change.
func signature(decl *ast.FuncDecl) (string, error) {
	unnamed := func(list *ast.FieldList) *ast.FieldList {
		if list == nil {
			return nil
		}
		out := new(ast.FieldList)
		for _, field := range list.List {
			for range max(len(field.Names), 1) {
				out.List = append(out.List, &ast.Field{Type: field.Type})
			}
		}
		return out
	}
	t := &ast.FuncType{TypeParams: decl.Type.TypeParams, Params: unnamed(decl.Type.Params), Results: unnamed(decl.Type.Results)}
	var buf strings.Builder
	if err := format.Node(&buf, token.NewFileSet(), t); err != nil {
		return "", err
	}
	return buf.String(), nil
}
