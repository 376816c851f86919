package host

import (
	"context"
	"encoding/binary"
	"errors"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/anypb"

	"github.com/cofaas/cofaas/host/engine"
	"github.com/cofaas/cofaas/host/internal/link"
	"github.com/cofaas/cofaas/internal/mapping"
)

// callError returns the status that a caller gets when a call could not be carried out.
func callError(callee string, err error) *status.Status {
	var exit *engine.ExitError
	var trap *engine.TrapError
	var limit *link.LimitError
	var process *processError
	switch {
	case errors.Is(err, errStopped):
		return status.New(codes.Unavailable, "the host is stopping")
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return status.FromContextError(err)
	case errors.As(err, &exit):
		return status.Newf(codes.Unavailable, "function %s: %v", callee, exit)
	case errors.As(err, &process):
		return status.Newf(codes.Unavailable, "function %s: %v", callee, process)
	case errors.As(err, &trap):
		return status.Newf(codes.Internal, "function %s: %v", callee, firstLine(trap.Error()))
	case errors.As(err, &limit):
		return status.Newf(codes.ResourceExhausted, "grpc: %v", limit)
	case errors.Is(err, link.ErrUTF8), errors.Is(err, link.ErrRefused):
		return status.Newf(codes.Internal, "grpc: error while marshaling: %v", err)
	default:
		return status.Newf(codes.Internal, "function %s: %v", callee, err)
	}
}

// firstLine cuts a stack trace of the guest off a message; the host's log has all of it.
func firstLine(s string) string {
	for i := range len(s) {
		if s[i] == '\n' {
			return s[:i]
		}
	}
	return s
}

// putStatus writes a status as the error case of a result of the method at an address of a guest.
func (m *method) putStatus(inst *instance, at uint32, st *status.Status) error {
	return putStatus(inst, at, m.size, m.payload, st)
}

// putStatusAt is putStatus for a result<_, status>.
func (*method) putStatusAt(inst *instance, at uint32, st *status.Status) error {
	return putStatus(inst, at, mapping.EndType.Size, mapping.EndType.Payload, st)
}

// putStatus writes a status to a result of a size, at an offset.
func putStatus(inst *instance, at, size, payload uint32, st *status.Status) error {
	code, msg := uint32(st.Code()), st.Message()
	ptr, err := putBytes(inst, msg)
	if err != nil {
		return err
	}
	details, n, err := putDetails(inst, st.Proto().GetDetails())
	if err != nil {
		return err
	}
	result, err := inst.read(uint64(at), uint64(size))
	if err != nil {
		return err
	}
	clear(result)
	result[0] = 1
	p := result[payload:]
	f := mapping.StatusType.Fields
	binary.LittleEndian.PutUint32(p[f[0].Offset:], code)
	binary.LittleEndian.PutUint32(p[f[1].Offset:], ptr)
	binary.LittleEndian.PutUint32(p[f[1].Offset+4:], uint32(len(msg)))
	binary.LittleEndian.PutUint32(p[f[2].Offset:], details)
	binary.LittleEndian.PutUint32(p[f[2].Offset+4:], n)
	return nil
}

// putBytes copies bytes to a guest and returns their address, which is 0 if there are none.
func putBytes[T string | []byte](inst *instance, b T) (uint32, error) {
	if len(b) == 0 {
		return 0, nil
	}
	ptr, err := link.Alloc(inst, uint32(len(b)), 1)
	if err != nil {
		return 0, err
	}
	copy(inst.Bytes()[ptr:], b)
	return ptr, nil
}

// putDetails copies the details of a status to a guest, and returns their address and number.
func putDetails(inst *instance, details []*anypb.Any) (at, n uint32, err error) {
	if len(details) == 0 {
		return 0, 0, nil
	}
	f, size := mapping.DetailType.Fields, mapping.DetailType.Size
	if at, err = link.Alloc(inst, uint32(len(details))*size, mapping.DetailType.Align); err != nil {
		return 0, 0, err
	}
	for i, d := range details {
		var words [2]uint32
		for j, text := range []string{d.GetTypeUrl(), string(d.GetValue())} {
			if words[j], err = putBytes(inst, text); err != nil {
				return 0, 0, err
			}
		}
		e := inst.Bytes()[at+uint32(i)*size:]
		binary.LittleEndian.PutUint32(e[f[0].Offset:], words[0])
		binary.LittleEndian.PutUint32(e[f[0].Offset+4:], uint32(len(d.GetTypeUrl())))
		binary.LittleEndian.PutUint32(e[f[1].Offset:], words[1])
		binary.LittleEndian.PutUint32(e[f[1].Offset+4:], uint32(len(d.GetValue())))
	}
	return at, uint32(len(details)), nil
}

// readStatus reads the status in the error case of a result. The result is untrusted.
func (m *method) readStatus(inst *instance, at uint32) (*status.Status, error) {
	// The plan's copy checks everything; a status is rare, so a copy of it costs nothing that matters.
	var buf link.Buffer
	at, err := link.NewRecord(m.result, inst, at, &buf, maxStatus)
	if err != nil {
		return nil, err
	}
	mem := buf.Bytes()
	list := func(at uint32) (ptr, n uint32) {
		return binary.LittleEndian.Uint32(mem[at:]), binary.LittleEndian.Uint32(mem[at+4:])
	}
	text := func(at uint32) string {
		ptr, n := list(at)
		return string(mem[ptr:][:n])
	}
	f, d := mapping.StatusType.Fields, mapping.DetailType.Fields
	at += m.payload
	out := &spb.Status{Code: int32(binary.LittleEndian.Uint32(mem[at:])), Message: text(at + f[1].Offset)}
	ptr, n := list(at + f[2].Offset)
	for i := range n {
		e := ptr + i*mapping.DetailType.Size
		out.Details = append(out.Details, &anypb.Any{TypeUrl: text(e + d[0].Offset), Value: []byte(text(e + d[1].Offset))})
	}
	if out.Code == int32(codes.OK) {
		return nil, errFailedOK
	}
	return status.FromProto(out), nil
}

// errFailedOK is a result that is an error and says that there is none.
var errFailedOK = &link.BadValueError{Problem: "a failed call has code " + codes.OK.String()}

// maxStatus is the most memory of a status in bytes.
const maxStatus = 4 << 20
