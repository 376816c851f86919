package corpus

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// mounted is the file system of a module's .proto files, by the names that imports have for them.
type mounted map[string]string

// protos finds the .proto files of a module. Where two folders offer a name, the first mount has it.
func (m module) protos(dir string) (mounted, error) {
	files := mounted{}
	for _, mt := range m.mounts {
		base := filepath.Join(dir, filepath.FromSlash(mt.dir))
		err := filepath.WalkDir(base, func(p string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			if d.IsDir() {
				if rel, _ := filepath.Rel(dir, p); m.skip[filepath.ToSlash(rel)] != "" {
					return fs.SkipDir
				}
				return nil
			}
			rel, err := filepath.Rel(base, p)
			if name := path.Join(mt.prefix, filepath.ToSlash(rel)); err == nil && strings.HasSuffix(p, ".proto") && files[name] == "" {
				files[name] = p
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return files, nil
}

func (m mounted) Open(name string) (fs.File, error) {
	if p, ok := m[name]; ok {
		return os.Open(p)
	}
	return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
}
