package wazero

import (
	"io/fs"
	"os"

	"github.com/tetratelabs/wazero"

	"github.com/cofaas/cofaas/host/engine"
)

// Folder returns the files of a folder for [engine.Mount]. Unlike with any other file system, the guest can change them. Hosts give that to
// no function: it is for programs that are run as commands.
func Folder(dir string) fs.FS { return folder{os.DirFS(dir), dir} }

type folder struct {
	fs.FS
	dir string
}

// files are the mounts as the engine's library has them.
func files(mounts []engine.Mount) wazero.FSConfig {
	config := wazero.NewFSConfig()
	for _, m := range mounts {
		if f, ok := m.FS.(folder); ok {
			config = config.WithDirMount(f.dir, m.Guest)
		} else {
			config = config.WithFSMount(m.FS, m.Guest)
		}
	}
	return config
}
