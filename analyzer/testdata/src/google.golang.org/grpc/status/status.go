package status

import "google.golang.org/grpc/codes"

func Error(c codes.Code, msg string) error { return nil }
func Code(err error) codes.Code            { return 0 }
