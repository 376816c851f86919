package unit

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"go/build"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/tools/go/analysis/unitchecker"

	"github.com/cofaas/cofaas/analyzer/internal/grpcpkg"
)

// Read reads the configuration of a unit.
func Read(name string) (*unitchecker.Config, error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	cfg := new(unitchecker.Config)
	if err := json.Unmarshal(data, cfg); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return cfg, nil
}

// Skip reports whether there is nothing to find in a unit, and writes its facts if so: that there are none.
func Skip(cfg *unitchecker.Config) (bool, error) {
	if concerns(cfg) {
		return false, nil
	}
	for _, path := range cfg.ImportMap {
		if path == "unsafe" || path == "C" {
			continue
		}
		// Without what the compiler has written, who imports this unit gets its types from here.
		if cfg.PackageFile[path] == "" {
			return false, nil
		}
		h, err := readHeader(cfg.PackageVetx[path])
		if err != nil {
			return false, err
		}
		if h.facts > 0 {
			return false, nil
		}
	}
	if len(cfg.PackageFile) == 0 {
		return false, nil // as above; it imports nothing, which is soon checked
	}
	if cfg.VetxOutput == "" {
		return true, nil
	}
	return true, os.WriteFile(cfg.VetxOutput, header{}.append(nil), 0o666)
}

// concerns reports whether the unit itself may have something that is reported, or counts for units that import it.
func concerns(cfg *unitchecker.Config) bool {
	if grpcpkg.Is(cfg.ImportPath) || isStandard(cfg) {
		return false
	}
	for _, path := range cfg.ImportMap {
		if grpcpkg.Is(path) {
			return true
		}
	}
	if cfg.ModuleVersion == "" {
		return isRelated(cfg)
	}
	return usesCgo(cfg)
}

// isStandard reports whether the unit is a package of the standard library.
func isStandard(cfg *unitchecker.Config) bool {
	if cfg.ModulePath != "" && cfg.ModulePath != "std" {
		return false
	}
	root := build.Default.GOROOT
	return root != "" && strings.HasPrefix(cfg.Dir, filepath.Join(root, "src")+string(filepath.Separator))
}

// usesCgo reports whether there are files that the go command has made, as it does of those that use cgo.
func usesCgo(cfg *unitchecker.Config) bool {
	for _, name := range cfg.GoFiles {
		if filepath.Dir(name) != cfg.Dir {
			return true
		}
	}
	return false
}

// A header begins a file of facts: the magic word, and the lengths of types and facts, which follow.
type header struct{ types, facts uint32 }

const (
	magic        = "vetx"
	headerLength = len(magic) + 8
)

func (h header) append(b []byte) []byte {
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, h.types)
	return binary.LittleEndian.AppendUint32(b, h.facts)
}

func readHeader(name string) (header, error) {
	f, err := os.Open(name)
	if err != nil {
		return header{}, err
	}
	defer f.Close()
	var b [headerLength]byte
	if _, err := io.ReadFull(f, b[:]); err != nil {
		return header{}, fmt.Errorf("%s: %w", name, err)
	}
	if string(b[:len(magic)]) != magic {
		return header{}, fmt.Errorf("%s: is no file of facts", name)
	}
	return header{
		types: binary.LittleEndian.Uint32(b[len(magic):]),
		facts: binary.LittleEndian.Uint32(b[len(magic)+4:]),
	}, nil
}
