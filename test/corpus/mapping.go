package corpus

import (
	"bytes"
	"fmt"
	"testing"
	"text/tabwriter"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/gen/wit"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
	wittest "github.com/cofaas/cofaas/test/wit"
)

// mapLimit is how long the mapping of a module may take, with its text: the largest takes a quarter of a second.
const mapLimit = 20 * time.Second

// Linked are files of a module that are linked with each other.
type Linked struct {
	Module string
	Files  []protoreflect.FileDescriptor
}

// mapped says how much of a module has WIT.
type mapped struct {
	files, messages, services, methods int
	// units are services, and files that have none. mapped ones have WIT, valid ones WIT that the reference parser takes, with
	// sizes, offsets and signatures that agree with ours.
	units, mapped, valid int
	// took is the time for the mapping and its text, without the check of the latter.
	took time.Duration
}

func (c *mapped) add(o mapped) {
	c.files += o.files
	c.messages += o.messages
	c.services += o.services
	c.methods += o.methods
	c.units += o.units
	c.mapped += o.mapped
	c.valid += o.valid
	c.took += o.took
}

// MapAll maps all files, those that are linked with each other as one document, and returns the counts. Sets of a module follow each
// other.
func MapAll(t *testing.T, sets []Linked) (table string) {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "files\tmessages\tservices\tmethods\tto map\tmapped\tvalid\ttook\t\tmodule")
	row := func(c mapped, name string) {
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%v\t\t%s\n",
			c.files, c.messages, c.services, c.methods, c.units, c.mapped, c.valid, c.took.Round(time.Millisecond), name)
	}
	var total, module mapped
	for i, set := range sets {
		module.add(mapSet(t, set))
		if i+1 < len(sets) && sets[i+1].Module == set.Module {
			continue
		}
		if module.took > mapLimit {
			t.Errorf("%s: the mapping took %v", set.Module, module.took)
		}
		row(module, set.Module)
		total.add(module)
		module = mapped{}
	}
	row(total, "all")
	if err := w.Flush(); err != nil {
		t.Error(err)
	}
	return out.String()
}

func mapSet(t *testing.T, set Linked) (c mapped) {
	opts := model.Options{Files: set.Files}
	own := map[string]bool{}
	var services []protoreflect.ServiceDescriptor
	for _, fd := range set.Files {
		own[fd.Path()] = true
		for i := range fd.Services().Len() {
			services = append(services, fd.Services().Get(i))
			c.methods += fd.Services().Get(i).Methods().Len()
		}
		c.units += max(1, fd.Services().Len())
	}
	c.files, c.services = len(set.Files), len(services)
	start := time.Now()
	m := model.Build(services, opts)
	err := mapping.CheckNames(m)
	text := wit.Protos(m)
	c.took = time.Since(start)
	for _, f := range m.Files {
		if own[f.Path] {
			c.messages += len(f.Messages)
		}
	}
	if err != nil {
		t.Errorf("%s: %v", set.Module, err)
		return c
	}
	c.mapped = c.units
	if t.Run(set.Module+" "+set.Files[0].Path(), func(t *testing.T) { wittest.Agree(t, text, m) }) {
		c.valid = c.units
	}
	return c
}
