package task

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
)

// sentinels are the errors that programs compare with.
var sentinels = []struct {
	name string
	err  error
}{
	{"EACCES", syscall.EACCES},
	{"ECONNREFUSED", syscall.ECONNREFUSED},
	{"ECONNRESET", syscall.ECONNRESET},
	{"EMFILE", syscall.EMFILE},
	{"ENOENT", syscall.ENOENT},
	{"EPIPE", syscall.EPIPE},
	{"EROFS", syscall.EROFS},
	{"context.Canceled", context.Canceled},
	{"context.DeadlineExceeded", context.DeadlineExceeded},
	{"io.EOF", io.EOF},
	{"io.ErrUnexpectedEOF", io.ErrUnexpectedEOF},
	{"net.ErrClosed", net.ErrClosed},
	{"os.ErrDeadlineExceeded", os.ErrDeadlineExceeded},
	{"os.ErrPermission", os.ErrPermission},
}

// Describe says all about an error that a program can find out: its text, what it is by errors.Is, and what the error types of package
// net say of it.
func Describe(err error) string {
	if err == nil {
		return "no error"
	}
	var is []string
	for _, s := range sentinels {
		if errors.Is(err, s.err) {
			is = append(is, s.name)
		}
	}
	text := fmt.Sprintf("%q is [%s]", err, strings.Join(is, " "))
	if e, ok := errors.AsType[net.Error](err); ok {
		text += fmt.Sprintf(" timeout=%t", e.Timeout())
	}
	if e, ok := errors.AsType[*net.OpError](err); ok {
		text += fmt.Sprintf(" op=%s net=%s", e.Op, e.Net)
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		text += fmt.Sprintf(" name=%s notfound=%t", e.Name, e.IsNotFound)
	}
	return text
}

// Kind is Describe without the text, for errors whose text depends on what was noticed first.
func Kind(err error) string {
	text := Describe(err)
	if i := strings.Index(text, `" is [`); i >= 0 {
		return text[i+len(`" `):]
	}
	return text
}
