package corpus

import (
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/cofaas/cofaas/internal/protoload"
)

// linkedSets are the files of modules, those together that are linked with each other.
func linkedSets(mods []Module) (sets []Linked) {
	for _, m := range mods {
		var order []*protoload.Files
		files := map[*protoload.Files][]protoreflect.FileDescriptor{}
		for _, f := range m.Files {
			if files[f.Linked] == nil {
				order = append(order, f.Linked)
			}
			files[f.Linked] = append(files[f.Linked], f.FileDescriptor)
		}
		for _, l := range order {
			sets = append(sets, Linked{m.Name + " " + m.Version, files[l]})
		}
	}
	return sets
}
