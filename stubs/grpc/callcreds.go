package grpc

import (
	"context"
	"strings"

	"github.com/cofaas/cofaas/guest"
	"github.com/cofaas/cofaas/stubs/grpc/codes"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/status"
)

// appendCredentials appends the metadata of the per-call credentials: those of the connection, then those of the call,
// nil if the call has none.
func (cc *ClientConn) appendCredentials(ctx context.Context, pairs []guest.Pair, method string, call credentials.PerRPCCredentials) ([]guest.Pair, error) {
	if len(cc.perRPCCreds) == 0 && call == nil {
		return pairs, nil
	}
	if call != nil && call.RequireTransportSecurity() && !cc.secure {
		return nil, status.Error(codes.Unauthenticated, "transport: cannot send secure credentials on an insecure connection")
	}
	ctx = credentials.NewContextWithRequestInfo(ctx, credentials.RequestInfo{Method: method, AuthInfo: edgeInfo(cc.secure)})
	audience := "https://" + strings.TrimSuffix(cc.authority, ":443") + "/" + serviceOf(method)

	conn := map[string]string{}
	for _, c := range cc.perRPCCreds {
		if err := fetchCredentials(ctx, conn, audience, c, codes.Unauthenticated); err != nil {
			return nil, err
		}
	}
	pairs = appendAuth(pairs, conn)
	if call == nil {
		return pairs, nil
	}
	own := map[string]string{}
	if err := fetchCredentials(ctx, own, audience, call, codes.Internal); err != nil {
		return nil, err
	}
	return appendAuth(pairs, own), nil
}

func appendAuth(pairs []guest.Pair, auth map[string]string) []guest.Pair {
	for k, v := range auth {
		pairs = append(pairs, guest.Pair{Key: k, Value: v})
	}
	return pairs
}

// fetchCredentials adds the metadata of c to auth. failure is the code for an error of c that has no status.
func fetchCredentials(ctx context.Context, auth map[string]string, audience string, c credentials.PerRPCCredentials, failure codes.Code) error {
	data, err := c.GetRequestMetadata(ctx, audience)
	if err != nil {
		st, ok := status.FromError(err)
		switch {
		case !ok:
			return status.Errorf(failure, "transport: per-RPC creds failed due to error: %v", err)
		case isApplicationCode(st.Code()):
			return status.Errorf(codes.Internal, "transport: received per-RPC creds error with illegal status: %v", err)
		}
		return err
	}
	for k, v := range data {
		k = lower(k)
		if err := validatePair(k, v); err != nil {
			return status.Error(codes.Internal, err.Error())
		}
		auth[k] = v
	}
	return nil
}

// isApplicationCode reports whether a code is for applications only, so that a part of gRPC must not fail a call with
// it (gRFC A54).
func isApplicationCode(c codes.Code) bool {
	switch c {
	case codes.InvalidArgument, codes.NotFound, codes.AlreadyExists, codes.FailedPrecondition, codes.Aborted,
		codes.OutOfRange, codes.DataLoss:
		return true
	}
	return false
}

// edgeInfo is what credentials are told about the transport. With TLS configured, a local edge is as good: it leaves no
// process.
type edgeInfo bool

// AuthType implements credentials.AuthInfo.
func (edgeInfo) AuthType() string { return "cofaas" }

// GetCommonAuthInfo says what credentials.CheckSecurityLevel asks for.
func (secure edgeInfo) GetCommonAuthInfo() credentials.CommonAuthInfo {
	if secure {
		return credentials.CommonAuthInfo{SecurityLevel: credentials.PrivacyAndIntegrity}
	}
	return credentials.CommonAuthInfo{SecurityLevel: credentials.NoSecurity}
}
