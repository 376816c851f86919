package launch

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"golang.org/x/sys/unix"
)

// Argument is argument zero of a process that is to become an isolate, and Variable the variable of its environment with the descriptor of
// the socket by which it is told how. Both are needed.
const (
	Argument = "cofaas-isolate"
	Variable = "COFAAS_ISOLATE_ORDERS"
)

// Orders are what a process is to do with itself. What cannot be done is reported and left out; errors are what makes going on pointless.
type Orders struct {
	// Args and Env are the program's, and Program is the descriptor of its executable. The program keeps the descriptors below Keep.
	Args, Env     []string
	Program, Keep int
	// Namespaces says that the process has namespaces of its own, for whose user it is privileged.
	Namespaces bool
	// User is whom the process becomes, 0 to remain who it is, and Fallback is another one, for machines without such users.
	User, Fallback int
	// Binds are what there is of files in namespaces of its own, and Files are files with a text.
	Binds []Bind
	Files []File
	// Readable are the paths below which the process may read, and Executable those from which it may run, as interpreters of
	// executables. Writable are files that it may write.
	Readable, Executable, Writable []string
	// Limits are the limits of resources.
	Limits []Limit
	// MaxFiles bounds its descriptors. That of the executable is put beyond, where nothing can be put afterwards.
	MaxFiles int
}

// Bind puts a file or folder of the host at an absolute path, read-only.
type Bind struct {
	Source, Path string
	// Device says that it is a device, and Executable that it has programs or libraries.
	Device, Executable bool
	// Needed says that the operator wants it there. Others are left out if they are not there.
	Needed bool
}

// File is a file with a text.
type File struct{ Path, Text string }

// Limit is a limit as setrlimit(2) has it.
type Limit struct {
	Name     string
	Resource int
	Value    uint64
}

// Filter is the second part of the orders: it follows when the process has said which descriptor its executable has.
type Filter struct {
	// Program is a program of seccomp, and Notify says that it asks about some system calls.
	Program []unix.SockFilter
	Notify  bool
}

// Report is what the process says, after the orders and after the filter. When it has become the program the socket is closed.
type Report struct {
	// Applied are protections that hold, and Missing those that the system does not have, each with the reason.
	Applied, Missing []string
	// Program is the descriptor of the executable, and Listener the one by which is answered what the filter asks.
	Program, Listener int
	// Error is why it cannot go on.
	Error string
}

// maxPart bounds a part of orders or reports.
const maxPart = 16 << 20

// Send writes a part of orders or of reports.
func Send(w io.Writer, part any) error {
	text, err := json.Marshal(part)
	if err != nil {
		return err
	}
	_, err = w.Write(append(binary.LittleEndian.AppendUint32(nil, uint32(len(text))), text...))
	return err
}

// Receive reads a part. It returns io.EOF if there is none.
func Receive(r io.Reader, part any) error {
	var size [4]byte
	if _, err := io.ReadFull(r, size[:]); err != nil {
		return err
	}
	n := binary.LittleEndian.Uint32(size[:])
	if n > maxPart {
		return fmt.Errorf("a part of %d bytes", n)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return err
	}
	return json.Unmarshal(text, part)
}
