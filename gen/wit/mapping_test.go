package wit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/template"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/gen/wit"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// TestProtos prints all that is declared in example.proto of each archive in testdata/mapping, the rows of the mapping as
// docs/mapping.md shows them, and compares with want.wit and want.go in it.
func TestProtos(t *testing.T) {
	eachGolden(t, "testdata/mapping/*.txtar", func(t *testing.T, ar *txtar.Archive, name string) {
		fd, err := loadArchive(t, ar).FindFileByPath("example.proto")
		if err != nil {
			t.Fatal(err)
		}
		var services []protoreflect.ServiceDescriptor
		for i := range fd.Services().Len() {
			services = append(services, fd.Services().Get(i))
		}
		m := model.Build(services, model.Options{Files: []protoreflect.FileDescriptor{fd}})
		golden(t, ar, "want.wit", wit.Protos(m))
		golden(t, ar, "want.go", goTypes(t, fd))
	})
}

// TestDoc holds docs/mapping.md to the goldens, so that it says what is so. The prose is in testdata/mapping.md.
func TestDoc(t *testing.T) {
	const file = "../../docs/mapping.md"
	show := func(render func(*txtar.Archive) string) func(string) (string, error) {
		return func(name string) (string, error) {
			ar, err := txtar.ParseFile(filepath.Join("testdata", "mapping", name+".txtar"))
			if err != nil {
				return "", err
			}
			return render(ar), nil
		}
	}
	tmpl, err := template.New("mapping.md").Funcs(template.FuncMap{
		"full":    show(func(ar *txtar.Archive) string { return render(ar, true) }),
		"example": show(func(ar *txtar.Archive) string { return render(ar, false) }),
	}).ParseFiles("testdata/mapping.md")
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	if err := tmpl.Execute(&got, struct{ MaxInline int }{mapping.MaxInline}); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got), rewritten by -update:\n%s", file, diff)
	}
}

// render shows the files of an archive as blocks of Markdown.
func render(ar *txtar.Archive, comments bool) string {
	var blocks []string
	block := func(language, text string) {
		blocks = append(blocks, fmt.Sprintf("```%s\n%s\n```", language, strings.TrimSpace(text)))
	}
	for _, f := range ar.Files {
		text := string(f.Data)
		switch {
		case strings.HasSuffix(f.Name, ".proto"):
			if f.Name != "example.proto" {
				text = "// " + f.Name + "\n" + text
			}
			block("proto", text)
		case f.Name == "want.wit":
			block("wit", excerpt(text, comments))
		case f.Name == "want.go":
			block("go", text)
		}
	}
	return strings.Join(blocks, "\n\n")
}

// excerpt leaves the packages of the protos, or what is in the package if there is one.
func excerpt(text string, comments bool) string {
	var packages []string
	for _, p := range strings.SplitAfter(text, "\n}\n") {
		if i := strings.Index(p, "package proto:"); i >= 0 {
			// With the comment on the package, without the worlds before.
			if j := strings.LastIndex(p[:i], "\n\n"); j >= 0 {
				p = p[j:]
			}
			packages = append(packages, strings.TrimSpace(p))
		}
	}
	if len(packages) == 1 {
		lines := strings.Split(packages[0], "\n")
		first := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "package ") })
		lines = lines[first+1 : len(lines)-1]
		for i, l := range lines {
			lines[i] = strings.TrimPrefix(l, "  ")
		}
		packages[0] = strings.Join(lines, "\n")
	}
	lines := strings.Split(strings.Join(packages, "\n\n"), "\n")
	if !comments {
		lines = slices.DeleteFunc(lines, func(l string) bool { return strings.Contains(l, "/// What the sender's schema has") })
	}
	return strings.Join(lines, "\n")
}
