package corpus

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/bufbuild/protocompile"
	"github.com/bufbuild/protocompile/protoutil"
	"github.com/bufbuild/protocompile/reporter"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/internal/protoload"
)

// counts are what a module holds, and how its descriptors compare.
type counts struct {
	files, messages, services, methods int
	// Sources against the descriptors in generated code, which protoc wrote, and against protocompile.
	generated, generatedDiffer, compiled, compiledDiffer int
}

func (c *counts) add(o counts) {
	c.files += o.files
	c.messages += o.messages
	c.services += o.services
	c.methods += o.methods
	c.generated += o.generated
	c.generatedDiffer += o.generatedDiffer
	c.compiled += o.compiled
	c.compiledDiffer += o.compiledDiffer
}

func (c *counts) file(fd protoreflect.FileDescriptor) {
	c.files++
	var messages func(list protoreflect.MessageDescriptors)
	messages = func(list protoreflect.MessageDescriptors) {
		c.messages += list.Len()
		for i := range list.Len() {
			messages(list.Get(i).Messages())
		}
	}
	messages(fd.Messages())
	c.services += fd.Services().Len()
	for i := range fd.Services().Len() {
		c.methods += fd.Services().Get(i).Methods().Len()
	}
}

// TestCorpus loads every module, and compares what is read of it with what compilers and running programs make of it.
// summary is printed at the end, after the names of thousands of tests.
var summary string

func TestMain(m *testing.M) {
	code := m.Run()
	fmt.Print(summary)
	os.Exit(code)
}

func TestCorpus(t *testing.T) {
	mods := Load(t)
	t.Run("sources", func(t *testing.T) { compareSources(t, mods) })
	t.Run("registered", func(t *testing.T) { compareRegistered(t, mods) })
	t.Run("mapping", func(t *testing.T) { summary += "mapping:\n" + MapAll(t, linkedSets(mods)) })
}

func compareSources(t *testing.T, mods []Module) {
	var out bytes.Buffer
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "files\tmessages\tservices\tmethods\tagree with protoc\tdiffer\tagree with protocompile\tdiffer\t\tmodule")
	row := func(c counts, name string) {
		fmt.Fprintf(w, "%d\t%d\t%d\t%d\t%d\t%d\t%d\t%d\t\t%s\n", c.files, c.messages, c.services, c.methods,
			c.generated, c.generatedDiffer, c.compiled, c.compiledDiffer, name)
	}
	var total counts
	for _, m := range mods {
		c := m.compare(t)
		row(c, m.Name+" "+m.Version)
		total.add(c)
	}
	row(total, "all")
	w.Flush()
	summary += "corpus:\n" + out.String()
}

func (m *Module) compare(t *testing.T) (c counts) {
	sets := map[*protoload.Files]map[string]*descriptorpb.FileDescriptorProto{}
	protos := func(linked *protoload.Files) map[string]*descriptorpb.FileDescriptorProto {
		if sets[linked] == nil {
			sets[linked] = map[string]*descriptorpb.FileDescriptorProto{}
			for _, fd := range linked.DescriptorSet().File {
				sets[linked][fd.GetName()] = fd
			}
		}
		return sets[linked]
	}
	sources := map[string]bool{}
	for _, f := range m.Files {
		if !f.Source {
			if !sources[f.Path()] {
				c.file(f)
			}
			continue
		}
		sources[f.Path()] = true
		c.file(f)
		got := protos(f.Linked)[f.Path()]
		if d, ok := m.descriptors[f.Path()]; ok {
			want := proto.CloneOf(d.Proto)
			if m.managed {
				want.Options = got.Options
			}
			if diff := difference(want, got); diff != "" {
				c.generatedDiffer++
				t.Errorf("%s: %s: source and generated code differ (-protoc +load): %s", m.Name, f.Path(), diff)
			} else {
				c.generated++
			}
		}
		want, err := m.compile(t.Context(), f.Path())
		switch {
		case got.GetEdition() > descriptorpb.Edition_EDITION_2023: // not known to protocompile
		case err != nil:
			c.compiledDiffer++
			t.Errorf("%s: %s: only Load accepts: %v", m.Name, f.Path(), err)
		default:
			if diff := difference(want, got); diff != "" {
				c.compiledDiffer++
				t.Errorf("%s: %s: (-protocompile +load): %s", m.Name, f.Path(), diff)
			} else {
				c.compiled++
			}
		}
	}
	return c
}

// compile has protocompile read a source.
func (m *Module) compile(ctx context.Context, name string) (*descriptorpb.FileDescriptorProto, error) {
	c := protocompile.Compiler{
		MaxParallelism: 1,
		Reporter:       reporter.NewReporter(nil, nil),
		Resolver: protocompile.WithStandardImports(protocompile.CompositeResolver{
			&protocompile.SourceResolver{Accessor: func(name string) (io.ReadCloser, error) { return m.sources.Open(name) }},
			protocompile.ResolverFunc(func(name string) (protocompile.SearchResult, error) {
				for other, d := range m.descriptors {
					if strings.HasSuffix("/"+name, "/"+other) { // its generator was run in another folder
						fd := proto.CloneOf(d.Proto)
						fd.Name = proto.String(name)
						return protocompile.SearchResult{Proto: fd}, nil
					}
				}
				if d, ok := m.all[name]; ok {
					return protocompile.SearchResult{Proto: d.Proto}, nil
				}
				return protocompile.SearchResult{}, fmt.Errorf("%s: not found", name)
			}),
		}),
	}
	files, err := c.Compile(ctx, name)
	if err != nil {
		return nil, err
	}
	return protoutil.ProtoFromFileDescriptor(files[0]), nil
}
