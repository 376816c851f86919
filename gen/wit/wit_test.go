package wit_test

import (
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/gen/wit"
	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

var update = flag.Bool("update", false, "write the goldens")

// TestDocument prints the protos of each archive in testdata and compares with want.wit in it. The comment of an archive says
// what it is about; a line "function: NAME" names the function, else it is called after the archive. The tests of module test
// parse the same goldens with the reference implementation of WIT.
func TestDocument(t *testing.T) {
	eachGolden(t, "testdata/*.txtar", func(t *testing.T, ar *txtar.Archive, name string) {
		golden(t, ar, "want.wit", document(t, ar, name))
	})
}

// eachGolden runs a test twice on each archive, which have to agree, and writes the archives with -update.
func eachGolden(t *testing.T, pattern string, test func(t *testing.T, ar *txtar.Archive, name string)) {
	files, err := filepath.Glob(pattern)
	if err != nil || len(files) == 0 {
		t.Fatal("no test data", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txtar")
		t.Run(name, func(t *testing.T) {
			ar, err := txtar.ParseFile(file)
			if err != nil {
				t.Fatal(err)
			}
			test(t, ar, name)
			if *update {
				if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			test(t, ar, name)
		})
	}
}

// golden compares got with a file of an archive, after it has set that with -update.
func golden(t *testing.T, ar *txtar.Archive, name string, got []byte) {
	t.Helper()
	i := slices.IndexFunc(ar.Files, func(f txtar.File) bool { return f.Name == name })
	if i < 0 {
		i = len(ar.Files)
		ar.Files = append(ar.Files, txtar.File{Name: name})
	}
	if *update {
		ar.Files[i].Data = got
	}
	if diff := cmp.Diff(string(ar.Files[i].Data), string(got)); diff != "" {
		t.Errorf("%s (-want +got), rewritten by -update:\n%s", name, diff)
	}
}

func protos(ar *txtar.Archive) (names []string) {
	for _, f := range ar.Files {
		if strings.HasSuffix(f.Name, ".proto") {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	return names
}

func loadArchive(t *testing.T, ar *txtar.Archive) *protoload.Files {
	t.Helper()
	fsys, err := txtar.FS(ar)
	if err != nil {
		t.Fatal(err)
	}
	files, err := protoload.Load(t.Context(), protoload.Options{FS: fsys}, protos(ar)...)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// document prints the worlds of a function that serves the services of all protos but those in imported.proto files, which
// it calls.
func document(t *testing.T, ar *txtar.Archive, function string) []byte {
	t.Helper()
	for line := range strings.Lines(string(ar.Comment)) {
		if name, ok := strings.CutPrefix(line, "function: "); ok {
			function = strings.TrimSpace(name)
		}
	}
	files := loadArchive(t, ar)
	var descs []protoreflect.ServiceDescriptor
	for _, name := range protos(ar) {
		fd, err := files.FindFileByPath(name)
		if err != nil {
			t.Fatal(err)
		}
		for i := range fd.Services().Len() {
			descs = append(descs, fd.Services().Get(i))
		}
	}
	m := model.Build(descs, model.Options{})
	w := wit.World{Name: function, Doc: "The function alone.", Runtime: true}
	for _, d := range descs {
		if filepath.Base(d.ParentFile().Path()) == "imported.proto" {
			w.Imports = append(w.Imports, m.Service(d.FullName()))
		} else {
			w.Exports = append(w.Exports, m.Service(d.FullName()))
		}
	}
	return wit.Document(function, "The function "+function+".", []wit.World{
		w, {Name: "top-level", Doc: "The app.", Exports: w.Exports},
	}, m)
}
