// Package plan checks that plans are as docs/plan.schema.json says.
package plan

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/cofaas/cofaas/internal/generate"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	s, err := c.Compile("../../docs/plan.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func parse(t *testing.T, data []byte) any {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// goldens are plans of all sorts, which the tests of package plan compare with what is printed.
func goldens(t *testing.T) []string {
	t.Helper()
	files, err := filepath.Glob("../../internal/plan/testdata/*.json")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	return files
}

func TestSchema(t *testing.T) {
	s := schema(t)
	for _, name := range goldens(t) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Validate(parse(t, data)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSchema_Real validates the plan of the example.
func TestSchema_Real(t *testing.T) {
	if testing.Short() {
		t.Skip("loads an application")
	}
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	t.Setenv("GOWORK", "off")
	dir, err := filepath.Abs("../../example/prodcon")
	if err != nil {
		t.Fatal(err)
	}
	p, _, err := generate.Plan(t.Context(), generate.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := p.JSON(&b); err != nil {
		t.Fatal(err)
	}
	if err := schema(t).Validate(parse(t, b.Bytes())); err != nil {
		t.Error(err)
	}
}

// TestSchema_Strict takes away what is there, adds what is not, and changes types, at every place of all plans: the schema notices all
// but what it says may be missing.
func TestSchema_Strict(t *testing.T) {
	s := schema(t)
	optional := map[string]bool{"hostServes": true, "kept": true, "copied": true, "patches": true, "version": true, "undecided": true, "value": true, "source": true, "default": true,
		"in": true, "needs": true, "network": true, "via": true, "note": true, "flag": true}
	seen := map[string]bool{}
	for _, name := range goldens(t) {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var root any
		if err := json.Unmarshal(data, &root); err != nil {
			t.Fatal(err)
		}
		check := func(what string, wantErr bool) {
			t.Helper()
			changed, err := json.Marshal(root)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Validate(parse(t, changed)); (err != nil) != wantErr {
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		var visit func(path string, v any)
		visit = func(path string, v any) {
			switch v := v.(type) {
			case map[string]any:
				if seen[path] {
					return // one of each kind
				}
				seen[path] = true
				v["unknown"] = 1
				check(path+".unknown", true)
				delete(v, "unknown")
				for key, old := range v {
					delete(v, key)
					check("no "+path+"."+key, !optional[key])
					v[key] = map[string]any{"wrong": true}
					check("wrong "+path+"."+key, true)
					v[key] = old
					visit(path+"."+key, old)
				}
			case []any:
				for i, x := range v {
					if i > 2 {
						break
					}
					visit(path+"[]", x)
				}
			}
		}
		seen = map[string]bool{}
		visit("", root)
		check(fmt.Sprint("unchanged ", name), false)
	}
}
