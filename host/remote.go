package host

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	_ "google.golang.org/grpc/encoding/gzip" // which guests may name for a call
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
)

// dialInfo is what a function has said when it dialled; see package guest, route.go, for the keys.
type dialInfo struct {
	target
	// authority replaces that of the target, and userAgent begins the header of that name.
	authority, userAgent string
	// security is "insecure", "tls", or the name of a protocol that the host does not know.
	security string
	// serverName is what a certificate must prove instead of the authority.
	serverName string
	// ca has certificates in PEM, caFile the name of a file with such, in place of the system's.
	ca, caFile string
	// skipVerify accepts any certificate.
	skipVerify bool
	// minVersion is the lowest version of TLS, 0 for the default.
	minVersion uint16
	// ownDialer says that the function wants to make connections itself.
	ownDialer bool
	// serviceConfig is the default service config in JSON.
	serviceConfig string
	// problem is what cannot be carried over.
	problem string
}

// parseDial reads what a guest has encoded as metadata is. What is malformed is left out.
func parseDial(encoded string) *dialInfo {
	md, _, err := parseMeta([]byte(encoded))
	if err != nil {
		return &dialInfo{problem: "the guest's description of the connection is malformed"}
	}
	get := func(key string) string {
		if v := md[key]; len(v) > 0 {
			return v[0]
		}
		return ""
	}
	d := &dialInfo{
		target:    target{dialled: get("target")},
		authority: get("authority"), userAgent: get("user-agent"), security: get("security"), serverName: get("server-name"),
		ca: get("ca"), caFile: get("ca-file"), skipVerify: get("skip-verify") != "", serviceConfig: get("service-config"), problem: get("problem"),
	}
	d.canonical, d.hasScheme = cmp.Or(get("canonical"), d.dialled), md["canonical"] != nil
	d.ownDialer = get("dialer") != ""
	if v, err := strconv.ParseUint(get("min-version"), 10, 16); err == nil {
		d.minVersion = uint16(v)
	}
	return d
}

// unreachable says why the host cannot go where the function has dialled, or is empty.
func (d *dialInfo) unreachable() string {
	if d.ownDialer {
		return "it has a dialer of its own, which the host cannot call"
	}
	if u, err := url.Parse(d.canonical); err == nil && d.hasScheme && resolver.Get(u.Scheme) == nil {
		return fmt.Sprintf("the host has no resolver for the scheme %q", u.Scheme)
	}
	return ""
}

// shown is a target as messages name it: what the function has dialled, unless the operator has said another.
func (d *dialInfo) shown(canonical string) string {
	if canonical == d.canonical {
		return d.dialled
	}
	return canonical
}

// remotes are the connections of a host. Functions that dial alike share one.
type remotes struct {
	// caFiles are the files that functions may name.
	caFiles map[string][]byte
	// ctx is done when the host closes.
	ctx    context.Context
	cancel context.CancelFunc
	// calls counts the goroutines that make calls.
	calls sync.WaitGroup

	mu    sync.Mutex
	conns map[dialInfo]*remoteConn
}

// remoteConn is a connection out of the host.
type remoteConn struct {
	*grpc.ClientConn
	remotes *remotes
	// key is where it is in remotes.conns, and users is how often it was got. They are guarded by remotes.mu. What leads to the host itself
	// is not in there, and stays.
	key   dialInfo
	users int
}

// release says that one user does not need the connection any more. The last one closes it.
func (c *remoteConn) release() {
	r := c.remotes
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.conns[c.key] != c {
		return
	}
	if c.users--; c.users > 0 {
		return
	}
	delete(r.conns, c.key)
	r.calls.Go(func() { _ = c.Close() })
}

func newRemotes(caFiles map[string][]byte) *remotes {
	r := &remotes{caFiles: caFiles, conns: map[dialInfo]*remoteConn{}}
	r.ctx, r.cancel = context.WithCancel(context.Background())
	return r
}

// get returns the connection for what was dialled. grpc-go connects at the first call, and again when it has to.
func (r *remotes) get(d *dialInfo) (*remoteConn, error) {
	key := *d
	key.dialled, key.hasScheme = "", false
	r.mu.Lock()
	defer r.mu.Unlock()
	if c := r.conns[key]; c != nil {
		c.users++
		return c, nil
	}
	creds, err := r.credentials(d)
	if err != nil {
		return nil, err
	}
	opts := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		// Limits are the business of the guest's stub, which knows what the caller has asked for.
		grpc.WithDefaultCallOptions(grpc.ForceCodecV2(wireCodec{newFrontCodec()}), grpc.MaxCallRecvMsgSize(maxWire), grpc.MaxCallSendMsgSize(maxWire)),
	}
	if d.authority != "" {
		opts = append(opts, grpc.WithAuthority(d.authority))
	}
	if d.userAgent != "" {
		opts = append(opts, grpc.WithUserAgent(d.userAgent))
	}
	if d.serviceConfig != "" {
		opts = append(opts, grpc.WithDefaultServiceConfig(d.serviceConfig))
	}
	conn, err := grpc.NewClient(d.canonical, opts...)
	if err != nil {
		return nil, err
	}
	c := &remoteConn{ClientConn: conn, remotes: r, key: key, users: 1}
	r.conns[key] = c
	return c, nil
}

// maxWire is the largest message that travels; what a guest can hold is less.
const maxWire = 1 << 30

// credentials are those that the function has chosen.
func (r *remotes) credentials(d *dialInfo) (credentials.TransportCredentials, error) {
	if d.problem != "" {
		return nil, errors.New(d.problem)
	}
	switch d.security {
	case "", "insecure", "local":
		return insecure.NewCredentials(), nil
	case "tls":
	default:
		return nil, fmt.Errorf("the host cannot make connections with credentials of the protocol %q, but with TLS and insecure ones", d.security)
	}
	config := &tls.Config{ServerName: d.serverName, InsecureSkipVerify: d.skipVerify, MinVersion: d.minVersion}
	ca := []byte(d.ca)
	if d.caFile != "" {
		var ok bool
		if ca, ok = r.caFiles[d.caFile]; !ok {
			return nil, fmt.Errorf("its credentials name the file %q, which is not the host's to read unless it is told so with -remote-ca %s or -remote-ca %s=FILE", d.caFile, d.caFile, d.caFile)
		}
	}
	if len(ca) > 0 {
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("credentials: failed to append certificates") // grpc-go's words
		}
	}
	return credentials.NewTLS(config), nil
}

// outgoing adds the metadata of a call to its context.
func (cc *callContext) outgoing(ctx context.Context) context.Context {
	if md, _, err := parseMeta(cc.meta); err == nil && len(md) > 0 {
		return metadata.NewOutgoingContext(ctx, md)
	}
	return ctx
}

// callOptions are what a guest has said of one call; see package guest, route.go, for the keys.
func callOptions(encoded []byte) []grpc.CallOption {
	md, _, err := parseMeta(encoded)
	if err != nil {
		return nil
	}
	var opts []grpc.CallOption
	for key, values := range md {
		switch v := values[len(values)-1]; key {
		case "wait-for-ready":
			opts = append(opts, grpc.WaitForReady(v == "true"))
		case "compressor":
			opts = append(opts, grpc.UseCompressor(v))
		case "authority":
			opts = append(opts, grpc.CallAuthority(v))
		}
	}
	return opts
}

// stop ends all calls.
func (r *remotes) stop() { r.cancel() }

// close ends all calls and connections.
func (r *remotes) close() {
	r.cancel()
	r.mu.Lock()
	for _, c := range r.conns {
		_ = c.Close()
	}
	r.conns = nil
	r.mu.Unlock()
	r.calls.Wait()
}

// wireCodec is frontCodec for calls, which have no content-subtype.
type wireCodec struct{ frontCodec }

// Name is empty because grpc-go would add it to the content-type.
func (wireCodec) Name() string { return "" }
