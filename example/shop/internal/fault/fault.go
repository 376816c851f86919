// Package fault makes errors that say what is wrong in a way that programs understand.
package fault

import (
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
)

// New returns a status with details.
func New(code codes.Code, msg string, details ...protoadapt.MessageV1) error {
	st := status.New(code, msg)
	detailed, err := st.WithDetails(details...)
	if err != nil { // a detail that cannot be encoded; the status is worth more
		return st.Err()
	}
	return detailed.Err()
}

// NotFound says that there is no such thing.
func NotFound(kind, name string) error {
	return New(codes.NotFound, "no "+kind+" "+name, &errdetails.ResourceInfo{ResourceType: kind, ResourceName: name})
}

// Fields collects what is wrong with a request.
type Fields []*errdetails.BadRequest_FieldViolation

// Check notes that a field is not as it should be, unless ok.
func (f *Fields) Check(ok bool, field, description string) {
	if !ok {
		*f = append(*f, &errdetails.BadRequest_FieldViolation{Field: field, Description: description})
	}
}

// Err is nil if nothing is wrong.
func (f Fields) Err() error {
	if len(f) == 0 {
		return nil
	}
	return New(codes.InvalidArgument, f[0].Field+": "+f[0].Description, &errdetails.BadRequest{FieldViolations: f})
}
