package rewrite_test

import (
	"bytes"
	"flag"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/cofaas/cofaas/analyzer/rewrite"
)

var update = flag.Bool("update", false, "write the golden files")

func testdata(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../testdata")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// choices reports what was decided about a program at its package clause.
var choices = &analysis.Analyzer{
	Name:     "choices",
	Doc:      "report choices",
	Requires: []*analysis.Analyzer{rewrite.Analyzer},
	Run: func(pass *analysis.Pass) (any, error) {
		program := pass.ResultOf[rewrite.Analyzer].(*rewrite.Result).Program
		if program == nil {
			return nil, nil
		}
		for _, c := range program.Rewritten {
			pass.Reportf(pass.Files[0].Name.Pos(), "rewrite %s: %s", c.Path, c.Reason)
		}
		for _, c := range program.Kept {
			pass.Reportf(pass.Files[0].Name.Pos(), "keep %s: %s", c.Path, c.Reason)
		}
		return nil, nil
	},
}

func TestProgram(t *testing.T) {
	analysistest.Run(t, testdata(t), choices, "prog", "prog/app", "use/quiet")
}

// TestEdits compares the files of a package with golden files, byte by byte. A
// file without a golden file must not change.
func TestEdits(t *testing.T) {
	results := analysistest.Run(silent{}, testdata(t), rewrite.Analyzer, "edits")
	edited := make(map[string][]rewrite.Edit)
	for _, f := range results[0].Result.(*rewrite.Result).Files {
		edited[f.Name] = f.Edits
	}
	files, err := filepath.Glob(filepath.Join(testdata(t), "src", "edits", "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no test files: %v", err)
	}
	for _, name := range files {
		t.Run(filepath.Base(name), func(t *testing.T) {
			src, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			got := rewrite.Apply(src, edited[name])
			golden := name + ".golden"
			if *update && len(edited[name]) > 0 {
				if err := os.WriteFile(golden, got, 0o666); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if os.IsNotExist(err) {
				want = src
			} else if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("got:\n%s\nwant:\n%s", got, want)
			}
			if bytes.Count(got, []byte("\n")) != bytes.Count(src, []byte("\n")) {
				t.Error("line numbers shift")
			}
			if _, err := parser.ParseFile(token.NewFileSet(), name, got, parser.SkipObjectResolution); err != nil {
				t.Errorf("result does not parse: %v", err)
			}
		})
	}
}

// silent drops what analysistest misses: the test looks at results.
type silent struct{}

func (silent) Errorf(string, ...any) {}
