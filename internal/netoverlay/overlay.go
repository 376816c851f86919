package netoverlay

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

//go:embed _net
var ours embed.FS

// ourFiles returns the files that are added to package net, by name.
func ourFiles() map[string][]byte {
	files := map[string][]byte{}
	entries, err := fs.ReadDir(ours, "_net")
	if err != nil {
		panic(err) // It is embedded.
	}
	for _, e := range entries {
		content, err := fs.ReadFile(ours, path.Join("_net", e.Name()))
		if err != nil {
			panic(err)
		}
		files[e.Name()] = content
	}
	return files
}

// An Overlay has the files of package net that differ from those of a Go release.
type Overlay struct {
	dir   string            // of package net
	files map[string][]byte // by name in dir
}

// Make makes the overlay for the Go release at goroot. The error is a join of all [*MovedError] there are if it is a release that the
// overlay does not fit.
func Make(goroot string) (*Overlay, error) {
	o := &Overlay{dir: filepath.Join(goroot, "src", "net"), files: ourFiles()}
	release := releaseOf(goroot)
	for name := range o.files {
		if _, err := os.Stat(filepath.Join(o.dir, name)); err == nil {
			return nil, fmt.Errorf("package net for guests: %s of %s is there already", name, release)
		}
	}
	if err := o.rename(release); err != nil {
		return nil, err
	}
	return o, nil
}

// releaseOf returns the name of a Go release, for messages.
func releaseOf(goroot string) string {
	version, err := os.ReadFile(filepath.Join(goroot, "VERSION"))
	if err != nil {
		return "the Go at " + goroot // which has none while it is being developed
	}
	release, _, _ := strings.Cut(string(version), "\n")
	return release
}

// Fingerprint stands for all that overlays depend on beside the Go release.
func Fingerprint() string {
	h := sha256.New()
	hashFiles(h, ourFiles())
	fmt.Fprintf(h, "%v", expectations)
	return hex.EncodeToString(h.Sum(nil)[:12])
}

func hashFiles(h interface{ Write([]byte) (int, error) }, files map[string][]byte) {
	for _, name := range sortedKeys(files) {
		fmt.Fprintf(h, "%s %d\n%s", name, len(files[name]), files[name])
	}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
