package wit

import (
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/model"
	"github.com/cofaas/cofaas/internal/protoload"
)

func TestGoldens(t *testing.T) {
	for pattern, protos := range map[string]bool{"../../gen/wit/testdata/*.txtar": false, "../../gen/wit/testdata/mapping/*.txtar": true} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			t.Fatal("no goldens", err)
		}
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
				t.Parallel()
				ar, err := txtar.ParseFile(file)
				if err != nil {
					t.Fatal(err)
				}
				var text []byte
				for _, f := range ar.Files {
					if f.Name == "want.wit" {
						text = f.Data
					}
				}
				m := load(t, ar, protos)
				Agree(t, text, m)
			})
		}
	}
}

// load builds the model of all services of an archive, or of all that is in its example.proto.
func load(t *testing.T, ar *txtar.Archive, example bool) *model.Model {
	fsys, err := txtar.FS(ar)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, f := range ar.Files {
		if strings.HasSuffix(f.Name, ".proto") {
			names = append(names, f.Name)
		}
	}
	files, err := protoload.Load(t.Context(), protoload.Options{FS: fsys}, names...)
	if err != nil {
		t.Fatal(err)
	}
	var opts model.Options
	var descs []protoreflect.ServiceDescriptor
	for _, name := range names {
		fd, err := files.FindFileByPath(name)
		if err != nil {
			t.Fatal(err)
		}
		if example && name == "example.proto" {
			opts.Files = append(opts.Files, fd)
		}
		for i := range fd.Services().Len() {
			descs = append(descs, fd.Services().Get(i))
		}
	}
	return model.Build(descs, opts)
}
