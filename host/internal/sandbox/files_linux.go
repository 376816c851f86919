package sandbox

import (
	"cmp"
	"debug/elf"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/host/internal/sandbox/launch"
)

// What programs read of a system: certificates, time zones and names of services, and what the Go runtime looks at.
var (
	systemFiles = []string{
		"/etc/localtime", "/usr/share/zoneinfo", "/etc/services", "/etc/protocols", "/etc/mime.types", "/etc/ssl", "/etc/pki", "/usr/share/ca-certificates",
		"/usr/local/share/ca-certificates", "/sys/kernel/mm/transparent_hugepage",
	}
	devices = []string{"/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom"}
	// libraries are for programs that are not linked statically.
	libraries = []string{"/lib", "/lib64", "/usr/lib", "/usr/lib64", "/usr/local/lib", "/etc/ld.so.cache"}
	// networkFiles are how names are looked up.
	networkFiles = []string{"/etc/resolv.conf", "/etc/gai.conf"}
)

// What there is in place of the host's files. The names in the host's /etc/hosts are for the host to look up, as the policy has it.
var ownFiles = []launch.File{
	{Path: "/etc/hosts", Text: "127.0.0.1\tlocalhost\n::1\tlocalhost\n"},
	{Path: "/etc/nsswitch.conf", Text: "hosts: files dns\n"},
}

// grant says which files the isolate has.
func (l *starter) grant(o *launch.Orders) {
	read := slices.Concat(systemFiles, networkFiles)
	for _, path := range read {
		o.Binds = append(o.Binds, launch.Bind{Source: path, Path: path})
	}
	for _, path := range devices {
		o.Binds = append(o.Binds, launch.Bind{Source: path, Path: path, Device: true})
	}
	if isDynamic(l.cfg.Program) {
		for _, path := range libraries {
			o.Binds = append(o.Binds, launch.Bind{Source: path, Path: path, Executable: true})
		}
		o.Executable = libraries
	}
	// Folders before what is mounted in them.
	mounts := slices.SortedStableFunc(slices.Values(l.cfg.Mounts), func(a, b Mount) int { return cmp.Compare(strings.Count(a.Path, "/"), strings.Count(b.Path, "/")) })
	for _, m := range mounts {
		o.Binds = append(o.Binds, launch.Bind{Source: m.Source, Path: filepath.Clean(m.Path), Needed: true})
		o.Readable = append(o.Readable, m.Path)
	}
	for _, f := range ownFiles {
		// The operator's count.
		if !slices.ContainsFunc(mounts, func(m Mount) bool { return isBelow(f.Path, filepath.Clean(m.Path)) }) {
			o.Files = append(o.Files, f)
		}
	}
	o.Readable = append(o.Readable, read...)
	o.Writable = devices
}

// isBelow says whether a path is a folder or below it.
func isBelow(path, folder string) bool {
	return path == folder || strings.HasPrefix(path, strings.TrimSuffix(folder, "/")+"/")
}

// isDynamic says whether a program needs libraries of the system.
func isDynamic(program *os.File) bool {
	f, err := elf.NewFile(program)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(f.Progs, func(p *elf.Prog) bool { return p.Type == elf.PT_INTERP })
}
