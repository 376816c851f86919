package metadata

import "context"

type MD map[string][]string

func FromIncomingContext(ctx context.Context) (MD, bool) { return nil, false }
