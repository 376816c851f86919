package host

import (
	"errors"
	"fmt"
	"io/fs"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"

	"github.com/cofaas/cofaas/internal/abi"
	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// ABIVersion is the version of the contract between guests and this package. A generated main states the one that it was
// generated for.
const ABIVersion = abi.Version

// App describes what a host runs.
type App struct {
	// ABI is the ABIVersion that the app was generated for.
	ABI int
	// Root is the function whose services the host serves.
	Root string
	// Descriptors are the app's protos: a serialized google.protobuf.FileDescriptorSet in dependency order.
	Descriptors []byte
	// Guests has the guest of each function as guests/NAME.wasm, or its native program as guests/NAME.native, or both.
	Guests fs.FS
	// Functions are those of the app, the root among them.
	Functions []Function
	// Edges say which function answers the calls of another.
	Edges []Edge
}

// Function is one guest.
type Function struct {
	Name string
	// Exports and Imports are the full names of the services that it serves and calls.
	Exports, Imports []string
	// Places are those that the function was built for, where it runs by default first: "wasm" and "native". None means wasm.
	Places []string
	// Allow and Listen are what the function states of itself: what it connects to, and where it is to be served, as for the flags -allow and
	// -listen. Operators add to it, or leave it out.
	Allow, Listen []string
}

// Edge says that From's calls to Service go to To, or, if To is empty, leave the host. Of several for one service the target that
// is dialled decides.
type Edge struct{ From, To, Service string }

// program is a checked App.
type program struct {
	files    *protoregistry.Files
	model    *model.Model
	layouts  mapping.Layouts
	services map[string]protoreflect.ServiceDescriptor
}

// link checks the app and builds its model.
func (a *App) link() (*program, error) {
	if a.ABI != ABIVersion {
		return nil, fmt.Errorf("the app was generated for version %d of the host's ABI, and this is version %d: run go generate again", a.ABI, ABIVersion)
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(a.Descriptors, &set); err != nil {
		return nil, fmt.Errorf("descriptors: %w", err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, fmt.Errorf("descriptors: %w", err)
	}
	p := &program{files: files, services: map[string]protoreflect.ServiceDescriptor{}}
	var errs []error
	var services []protoreflect.ServiceDescriptor
	add := func(function, service string) {
		if p.services[service] != nil {
			return
		}
		d, err := files.FindDescriptorByName(protoreflect.FullName(service))
		sd, ok := d.(protoreflect.ServiceDescriptor)
		if err != nil || !ok {
			errs = append(errs, fmt.Errorf("function %s: service %s is not in the descriptors", function, service))
			return
		}
		p.services[service] = sd
		services = append(services, sd)
	}
	byName := map[string]*Function{}
	for i := range a.Functions {
		f := &a.Functions[i]
		if byName[f.Name] != nil {
			errs = append(errs, fmt.Errorf("function %s is listed twice", f.Name))
		}
		byName[f.Name] = f
		for _, s := range append(append([]string(nil), f.Exports...), f.Imports...) {
			add(f.Name, s)
		}
	}
	if byName[a.Root] == nil {
		errs = append(errs, fmt.Errorf("root function %q is not in the app", a.Root))
	}
	for _, e := range a.Edges {
		if byName[e.From] == nil || e.To != "" && byName[e.To] == nil {
			errs = append(errs, fmt.Errorf("edge %s -> %s: no such function", e.From, e.To))
		}
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}
	p.model = model.Build(services, model.Options{})
	return p, nil
}

// guest reads the guest of a function, and nativeProgram its native program.
func (a *App) guest(function string) ([]byte, error) { return a.built(function, "guest", ".wasm") }

func (a *App) nativeProgram(function string) ([]byte, error) {
	return a.built(function, "native program", ".native")
}

func (a *App) built(function, what, suffix string) ([]byte, error) {
	code, err := fs.ReadFile(a.Guests, "guests/"+function+suffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("function %s: its %s has not been built when this host was compiled: run go generate in the function's package, and build again", function, what)
	}
	return code, err
}
