package launch

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// enterRoot gives the process a file system of its own, in which there is nothing but what it is granted, read-only.
func (l *launcher) enterRoot() error {
	var err error
	if l.orders.Namespaces {
		err = l.buildRoot()
		var refused *grantError
		if err == nil {
			l.ownRoot = true
			l.applied("file system of its own")
			return nil
		}
		if errors.As(err, &refused) {
			return err
		}
		l.missing("file system of its own", err)
	}
	for _, b := range l.orders.Binds {
		if b.Needed && b.Source != b.Path {
			return &grantError{b, errors.New("without a file system of its own the isolate finds files where they are: mount them at their own paths")}
		}
	}
	return nil
}

// grantError is about something that was granted, and cannot be given.
type grantError struct {
	bind Bind
	err  error
}

func (e *grantError) Error() string {
	return fmt.Sprintf("%s cannot be mounted at %s: %v", e.bind.Source, e.bind.Path, e.err)
}

func (l *launcher) buildRoot() error {
	// What is mounted here must not become visible elsewhere.
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return os.NewSyscallError("mount private", err)
	}
	binds, err := l.openBinds()
	if err != nil {
		return err
	}
	proc := openProc()
	base, err := mountBase()
	if err != nil {
		return err
	}
	for i, b := range l.orders.Binds {
		if binds[i] < 0 {
			continue
		}
		err := attach(binds[i], base, b.Path)
		if errors.Is(err, unix.EROFS) {
			err = fmt.Errorf("%w: what is mounted there has no such file to mount it on", err)
		}
		if err != nil && b.Needed {
			return &grantError{b, err}
		}
		if err != nil {
			return err
		}
	}
	if proc >= 0 {
		if err := attach(proc, base, "/proc"); err != nil {
			return err
		}
	}
	for _, f := range l.orders.Files {
		if err := putFile(filepath.Join(base, f.Path), f.Text); err != nil {
			return &grantError{Bind{Source: "a file", Path: f.Path}, err}
		}
	}
	if err := unix.Chdir(base); err != nil {
		return err
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return os.NewSyscallError("pivot_root", err)
	}
	// The old root is on top of the new one.
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return os.NewSyscallError("umount2", err)
	}
	if err := unix.Chdir("/"); err != nil {
		return err
	}
	err = unix.MountSetattr(unix.AT_FDCWD, "/", 0, &unix.MountAttr{Attr_set: unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID | unix.MOUNT_ATTR_NODEV | unix.MOUNT_ATTR_NOEXEC})
	return os.NewSyscallError("mount_setattr", err)
}

func putFile(path, text string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, []byte(text), 0o444)
}

// openBinds opens what is granted as mounts of its own, -1 for what is not there. It does so before the old root is gone.
func (l *launcher) openBinds() ([]int, error) {
	fds := make([]int, len(l.orders.Binds))
	for i, b := range l.orders.Binds {
		if l.copySecret(b) {
			fds[i] = -1
			continue
		}
		fd, err := openBind(b)
		switch {
		case err == nil:
			fds[i] = fd
		case !b.Needed && (errors.Is(err, unix.ENOENT) || errors.Is(err, unix.EACCES) || errors.Is(err, unix.ENOTDIR)):
			fds[i] = -1
		case b.Needed && !errors.Is(err, unix.ENOSYS):
			return nil, &grantError{b, err}
		default:
			return nil, fmt.Errorf("%s: %w; file systems of isolates' own need Linux 5.12", b.Source, err)
		}
	}
	return fds, nil
}

// maxSecret bounds the files that are copied, in bytes.
const maxSecret = 1 << 20

// copySecret copies a file that the operator wants there and that only root can read, as keys are: the process will be nobody.
func (l *launcher) copySecret(b Bind) bool {
	info, err := os.Stat(b.Source)
	if err != nil || !b.Needed || l.orders.User == 0 || !info.Mode().IsRegular() || info.Mode()&0o004 != 0 || info.Size() > maxSecret {
		return false
	}
	text, err := os.ReadFile(b.Source)
	if err != nil {
		return false
	}
	l.orders.Files = append(l.orders.Files, File{b.Path, string(text)})
	return true
}

func openBind(b Bind) (int, error) {
	fd, err := unix.OpenTree(unix.AT_FDCWD, b.Source, unix.OPEN_TREE_CLONE|unix.OPEN_TREE_CLOEXEC|unix.AT_RECURSIVE)
	if err != nil {
		return -1, err
	}
	set := uint64(unix.MOUNT_ATTR_RDONLY | unix.MOUNT_ATTR_NOSUID)
	if !b.Device {
		set |= unix.MOUNT_ATTR_NODEV
	} else {
		set &^= unix.MOUNT_ATTR_RDONLY // to be written to
	}
	if !b.Executable {
		set |= unix.MOUNT_ATTR_NOEXEC
	}
	return fd, unix.MountSetattr(fd, "", unix.AT_EMPTY_PATH|unix.AT_RECURSIVE, &unix.MountAttr{Attr_set: set})
}

// openProc returns a file system of processes of the process's own namespace, or -1: in some containers there is none to be had.
func openProc() int {
	fd, err := unix.Fsopen("proc", unix.FSOPEN_CLOEXEC)
	if err != nil {
		return -1
	}
	defer unix.Close(fd)
	if err := unix.FsconfigCreate(fd); err != nil {
		return -1
	}
	mount, err := unix.Fsmount(fd, unix.FSMOUNT_CLOEXEC, unix.MOUNT_ATTR_RDONLY|unix.MOUNT_ATTR_NOSUID|unix.MOUNT_ATTR_NODEV|unix.MOUNT_ATTR_NOEXEC)
	if err != nil {
		return -1
	}
	return mount
}

// mountBase mounts an empty file system on a folder that is there, which one does not matter: the old root is gone soon.
func mountBase() (folder string, err error) {
	for _, folder := range []string{"/tmp", "/etc", "/usr", "/proc"} {
		if err = unix.Mount("tmpfs", folder, "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, "size=4m,mode=0755"); err == nil {
			return folder, nil
		}
	}
	return "", os.NewSyscallError("mount tmpfs", err)
}

// attach puts a mount at a path below base.
func attach(mount int, base, path string) error {
	target := filepath.Join(base, path)
	var info unix.Stat_t
	if err := unix.Fstat(mount, &info); err != nil {
		return err
	}
	if info.Mode&unix.S_IFMT == unix.S_IFDIR {
		if err := os.MkdirAll(target, 0o755); err != nil {
			return err
		}
	} else if _, err := os.Lstat(target); errors.Is(err, fs.ErrNotExist) {
		if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(target, nil, 0o444); err != nil {
			return err
		}
	}
	err := unix.MoveMount(mount, "", unix.AT_FDCWD, target, unix.MOVE_MOUNT_F_EMPTY_PATH)
	return os.NewSyscallError("move_mount", errors.Join(err, unix.Close(mount)))
}
