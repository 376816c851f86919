// Package templates holds the templates of generated files whose shape is fixed. Files whose shape follows the protos are
// printed by package gen.
package templates

import (
	"bytes"
	"embed"
	"fmt"
	"go/format"
	"strings"
	"text/template"
)

//go:embed *.tmpl
var files embed.FS

var parsed = template.Must(template.New("").Funcs(template.FuncMap{
	"strings": func(list []string) string {
		quoted := make([]string, len(list))
		for i, s := range list {
			quoted[i] = fmt.Sprintf("%q", s)
		}
		return "[]string{" + strings.Join(quoted, ", ") + "}"
	},
}).ParseFS(files, "*.tmpl"))

// Go executes the template of that name, as "host_main.go", and formats the result as Go source.
func Go(name string, data any) ([]byte, error) {
	var b bytes.Buffer
	if err := parsed.ExecuteTemplate(&b, name+".tmpl", data); err != nil {
		return nil, err
	}
	src, err := format.Source(b.Bytes())
	if err != nil {
		return nil, fmt.Errorf("generated %s does not parse: %w\n%s", name, err, b.Bytes())
	}
	return src, nil
}
