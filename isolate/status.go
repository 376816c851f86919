package isolate

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/guest"
)

// Fields of google.rpc.Status and of google.protobuf.Any, as which statuses and their details travel.
const (
	statusCode, statusMessage, statusDetails protowire.Number = 1, 2, 3
	anyURL, anyValue                         protowire.Number = 1, 2
)

// gRPC status codes that this package gives out.
const (
	codeResourceExhausted = 8
	codeUnimplemented     = 12
	codeInternal          = 13
	codeUnavailable       = 14
)

// overdue returns the status of a call whose deadline in Unix nanoseconds has passed, and nil otherwise. A context may not have noticed yet,
// and a call may have been on its way for too long.
func overdue(deadline int64) *guest.Status {
	if deadline == 0 || time.Now().UnixNano() < deadline {
		return nil
	}
	return guest.ContextStatus(context.DeadlineExceeded)
}

// encodeStatus returns the bytes of a status, none for nil.
func encodeStatus(st *guest.Status) []byte {
	if st == nil {
		return nil
	}
	b := protowire.AppendTag(nil, statusCode, protowire.VarintType)
	b = protowire.AppendVarint(b, uint64(int64(int32(st.Code))))
	if st.Message != "" {
		b = protowire.AppendTag(b, statusMessage, protowire.BytesType)
		b = protowire.AppendString(b, st.Message)
	}
	for _, d := range st.Details {
		var detail []byte
		if d.TypeURL != "" {
			detail = protowire.AppendTag(detail, anyURL, protowire.BytesType)
			detail = protowire.AppendString(detail, d.TypeURL)
		}
		if len(d.Value) > 0 {
			detail = protowire.AppendTag(detail, anyValue, protowire.BytesType)
			detail = protowire.AppendBytes(detail, d.Value)
		}
		b = protowire.AppendTag(b, statusDetails, protowire.BytesType)
		b = protowire.AppendBytes(b, detail)
	}
	return b
}

// decodeStatus returns the status of which somebody has sent the bytes, nil for OK. Nothing of b is kept.
func decodeStatus(b []byte) *guest.Status {
	if len(b) == 0 {
		return nil
	}
	st := new(guest.Status)
	err := eachField(b, func(n protowire.Number, number uint64, bytes []byte) error {
		switch {
		case n == statusCode && bytes == nil:
			st.Code = uint32(number)
		case n == statusMessage && bytes != nil:
			st.Message = string(bytes)
		case n == statusDetails && bytes != nil:
			var d guest.Detail
			err := eachField(bytes, func(n protowire.Number, _ uint64, bytes []byte) error {
				switch {
				case n == anyURL && bytes != nil:
					d.TypeURL = string(bytes)
				case n == anyValue && bytes != nil:
					d.Value = append([]byte{}, bytes...)
				}
				return nil
			})
			st.Details = append(st.Details, d)
			return err
		}
		return nil
	})
	switch {
	case err != nil:
		return &guest.Status{Code: codeInternal, Message: "grpc: malformed status: " + err.Error()}
	case st.Code == 0:
		return nil
	case !utf8.ValidString(st.Message):
		st.Message = string([]rune(st.Message))
	}
	return st
}

// eachField calls f for all fields of a message that are numbers, with bytes nil, or that have bytes.
func eachField(b []byte, f func(n protowire.Number, number uint64, bytes []byte) error) error {
	for len(b) > 0 {
		field, typ, n := protowire.ConsumeTag(b)
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		var number uint64
		var bytes []byte
		switch typ {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			bytes, n = protowire.ConsumeBytes(b)
		default:
			if n = protowire.ConsumeFieldValue(field, typ, b); n >= 0 {
				b = b[n:]
				continue
			}
		}
		if n < 0 {
			return protowire.ParseError(n)
		}
		b = b[n:]
		if err := f(field, number, bytes); err != nil {
			return err
		}
	}
	return nil
}

// failure returns the status of a call that the channel has not carried out. peer says in words who was called.
func failure(err error, peer string) *guest.Status {
	var size *channel.SizeError
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return guest.ContextStatus(err)
	case errors.Is(err, channel.ErrClosed):
		return &guest.Status{Code: codeUnavailable, Message: "error reading from server: EOF"} // grpc-go's
	case errors.Is(err, channel.ErrAbandoned):
		return &guest.Status{Code: codeInternal, Message: peer + " has ended the call without an outcome"}
	case errors.Is(err, channel.ErrTooMany), errors.Is(err, channel.ErrMetadata):
		return &guest.Status{Code: codeResourceExhausted, Message: "grpc: " + err.Error()}
	case errors.As(err, &size):
		return tooLarge(size.Size, size.Max)
	}
	return &guest.Status{Code: codeInternal, Message: "grpc: " + err.Error()}
}

// tooLarge is the status of a call with a message that is too large: grpc-go's.
func tooLarge(size, limit int) *guest.Status {
	return &guest.Status{Code: codeResourceExhausted, Message: fmt.Sprintf("grpc: received message larger than max (%d vs. %d)", size, limit)}
}
