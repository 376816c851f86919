package vet_test

import (
	"fmt"
	"go/format"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/tools/go/analysis/analysistest"

	"github.com/cofaas/cofaas/analyzer/internal/category"
	"github.com/cofaas/cofaas/analyzer/vet"
)

const pages = "../../docs/diagnostics"

// byPlan are the categories that only the plan of a whole app reports; it has tests of its own.
var byPlan = []string{category.AmbiguousService, category.UnroutableTarget}

var codeBlock = regexp.MustCompile("(?ms)^```(go|text)\n(.*?)^```$")

// A page is the documentation of a category.
type page struct {
	text    string
	files   []string // Go
	message string
}

func readPage(t *testing.T, name string) page {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(pages, name+".md"))
	if err != nil {
		t.Fatal(err)
	}
	p := page{text: string(data)}
	for _, block := range codeBlock.FindAllStringSubmatch(p.text, -1) {
		if block[1] == "go" {
			p.files = append(p.files, block[2])
		} else if p.message == "" {
			p.message = strings.TrimSpace(block[2])
		}
	}
	return p
}

// TestPages proves that each category has a page, that each page is about a category and is listed, and that all say how much it matters.
func TestPages(t *testing.T) {
	index, err := os.ReadFile(filepath.Join(pages, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range category.All() {
		p := readPage(t, name)
		severity := category.Of(name).String()
		severity = strings.ToUpper(severity[:1]) + severity[1:]
		if want := fmt.Sprintf("# %s\n\n**%s**, ", name, severity); !strings.HasPrefix(p.text, want) {
			t.Errorf("%s: does not begin with %q", name, want)
		}
		for _, section := range []string{"## Example", "## What to do"} {
			if !strings.Contains(p.text, "\n"+section+"\n") {
				t.Errorf("%s: no section %q", name, section)
			}
		}
		if category.Of(name) != category.Info && !strings.Contains(p.text, "\n## When it can be ignored\n") {
			t.Errorf("%s: does not say when it can be ignored", name)
		}
		if want := fmt.Sprintf("| [%s](%[1]s.md) | %s |", name, category.Of(name)); !strings.Contains(string(index), want) {
			t.Errorf("README.md has no line %q", want)
		}
	}
	entries, err := os.ReadDir(pages)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name := strings.TrimSuffix(entry.Name(), ".md")
		if name != "README" && !slices.Contains(category.All(), name) {
			t.Errorf("%s is about no category", entry.Name())
		}
	}
}

// quiet lets analysistest run although the examples have no expectations in its form.
type quiet struct{}

func (quiet) Errorf(string, ...any) {}

// TestPages_examples proves that the example of each page is reported as the page says, and where.
func TestPages_examples(t *testing.T) {
	gopath := t.TempDir()
	src := filepath.Join(gopath, "src")
	shared, err := os.ReadDir(filepath.Join(testdata(t), "src"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(src, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, entry := range shared {
		if err := os.Symlink(filepath.Join(testdata(t), "src", entry.Name()), filepath.Join(src, entry.Name())); err != nil {
			t.Fatal(err)
		}
	}
	examples := make(map[string]page)
	for _, name := range category.All() {
		p := readPage(t, name)
		if slices.Contains(byPlan, name) {
			continue
		}
		if len(p.files) == 0 {
			t.Errorf("%s: no example", name)
			continue
		}
		examples[name] = p
		dir := filepath.Join(src, name)
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
		for i, text := range p.files {
			if formatted, err := format.Source([]byte(text)); err != nil || string(formatted) != text {
				t.Errorf("%s: the example is not as gofmt would have it: %v", name, err)
			}
			file := []string{"main.go", "native.go"}[i]
			if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
	a := vet.New()
	if err := a.Flags.Set("explain", "true"); err != nil {
		t.Fatal(err)
	}
	var paths []string
	for name := range examples {
		paths = append(paths, name)
	}
	slices.Sort(paths)
	for _, result := range analysistest.Run(quiet{}, gopath, a, paths...) {
		name := result.Pass.Pkg.Path()
		p := examples[name]
		delete(examples, name)
		var marked, found []int
		for i, line := range strings.Split(p.files[0], "\n") {
			if strings.HasSuffix(line, "// reported") {
				marked = append(marked, i+1)
			}
		}
		var messages []string
		for _, d := range result.Diagnostics {
			if want := category.URL(d.Category); d.URL != want {
				t.Errorf("%s: URL is %q, want %q", name, d.URL, want)
			}
			if d.Category == name {
				found = append(found, result.Pass.Fset.Position(d.Pos).Line)
				messages = append(messages, d.Message)
			}
		}
		if len(found) == 0 {
			t.Errorf("%s: the example is not reported, but: %v", name, result.Diagnostics)
			continue
		}
		if len(marked) > 0 && !slices.Equal(slices.Compact(slices.Sorted(slices.Values(found))), marked) {
			t.Errorf("%s: reported at lines %v, marked are %v", name, found, marked)
		}
		if p.message != "" && !slices.Contains(messages, p.message) {
			t.Errorf("%s: reported is\n%s\nthe page has\n%s", name, strings.Join(messages, "\n"), p.message)
		}
		for _, d := range result.Diagnostics {
			if severity := category.Of(d.Category); d.Category != name && severity != category.Info {
				t.Errorf("%s: also reported: %s [%s]", name, d.Message, d.Category)
			}
		}
	}
	for name := range examples {
		t.Errorf("%s: the example was not analyzed", name)
	}
}
