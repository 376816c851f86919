package host

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"io"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/cofaas/cofaas/internal/freeport"
)

// Calls that leave the host, with a real grpc-go server at the other end.

// away is such a server. It serves every method of every service, as its requests say.
type away struct {
	address string
	// cancelled is told of calls that the client has given up.
	cancelled chan struct{}
}

// hears says whether the server is told within a time that a call was given up. It is not if the call never came there.
func (a *away) hears(d time.Duration) bool {
	select {
	case <-a.cancelled:
		return true
	case <-time.After(d):
		return false
	}
}

func serveAway(t *testing.T, opts ...grpc.ServerOption) *away {
	t.Helper()
	checkGoroutines(t)
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	a := &away{lis.Addr().String(), make(chan struct{}, 100)}
	server := grpc.NewServer(append(opts, grpc.UnknownServiceHandler(a.handle), grpc.MaxRecvMsgSize(64<<20))...)
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = server.Serve(lis)
	}()
	t.Cleanup(func() {
		server.Stop()
		<-served
	})
	return a
}

func (a *away) handle(_ any, ss grpc.ServerStream) error {
	method, _ := grpc.MethodFromServerStream(ss)
	up := 0
	for {
		in := new(wrapperspb.BytesValue)
		err := ss.RecvMsg(in)
		if errors.Is(err, io.EOF) {
			if strings.HasSuffix(method, "/Up") {
				return ss.SendMsg(wrapperspb.Bytes([]byte{byte(up)}))
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := a.act(ss, in); err != nil {
			return err
		}
		switch {
		case strings.HasSuffix(method, "/Up"):
			up++
		case strings.HasSuffix(method, "/Down"):
			for range 100 {
				if err := ss.SendMsg(in); err != nil {
					return err
				}
			}
		default:
			if err := ss.SendMsg(in); err != nil {
				return err
			}
		}
	}
}

// act does what a request says.
func (a *away) act(ss grpc.ServerStream, in *wrapperspb.BytesValue) error {
	md, _ := metadata.FromIncomingContext(ss.Context())
	switch string(in.Value) {
	case "metadata":
		if err := ss.SetHeader(metadata.Pairs("h", "1", "h-bin", "\x00\xff")); err != nil {
			return err
		}
		ss.SetTrailer(metadata.Pairs("t", "2"))
		in.Value = encodeMeta(md)
	case "status":
		st, err := status.New(codes.FailedPrecondition, "not now ✗").WithDetails(wrapperspb.String("more"))
		if err != nil {
			return err
		}
		ss.SetTrailer(metadata.Pairs("t", "failed"))
		return st.Err()
	case "deadline":
		in.Value = nil
		if d, ok := ss.Context().Deadline(); ok {
			in.Value = []byte(time.Until(d).Truncate(time.Minute).String())
		}
	case "wait":
		<-ss.Context().Done()
		a.cancelled <- struct{}{}
		return status.FromContextError(ss.Context().Err()).Err()
	}
	return nil
}

// dialAt is where guests that dial have their data.
const dialAt = 2048

// metaAt is where they have metadata for calls.
const metaAt = 3584

// dialling is a guest that serves Front/Echo by calling Back/Echo on a connection.
type dialling struct {
	dial, options metadata.MD
	// control gives it a control block, and meta are at metaAt.
	control []uint32
	meta    []byte
	// answer is the address of its result, by default the callee's.
	answer code
}

func (d *dialling) guest() []byte {
	const route, record = 4, 768
	w := &wasm{}
	echo := w.imported("proto:test/back", "echo", i32s(5, 0))
	routed := w.imported(runtimeInterface, "route", i32s(4, 1))
	callRouted := w.imported(runtimeInterface, "call", i32s(7, 0))
	var data []byte
	put := func(s string) code {
		at := dialAt + uint32(len(data))
		data = append(data, s...)
		return seq(i32Const(at), i32Const(uint32(len(s))))
	}
	answer := d.answer
	if answer == nil {
		answer = i32Const(echoResultAt)
	}
	body := seq(
		put("test.Back"), put(string(encodeMeta(d.dial))), call(routed), localSet(route),
		i32Const(record), localGet(0), store(0), i32Const(record), localGet(1), store(4),
		i32Const(record), localGet(2), store(8), i32Const(record), localGet(3), store(12),
		localGet(route), when(
			localGet(route), put("/test.Back/Echo"), i32Const(record), i32Const(echoResultAt), put(string(encodeMeta(d.options))), call(callRouted),
		),
		localGet(route), eqz, when(relay(echo, echoResultAt), drop),
		answer,
	)
	newGuestModule(w)
	w.function("proto:test/front#echo", i32s(4, 1), 1, body)
	w.function("proto:test/front#act", i32s(4, 1), 0, unreachable)
	w.function("cabi_post_proto:test/front#echo", i32s(1, 0), 0)
	w.function("cabi_post_proto:test/front#act", i32s(1, 0), 0)
	if d.control != nil {
		w.function(controlExport, i32s(0, 1), 0, i32Const(controlAt))
		w.words(controlAt, d.control...)
	}
	w.bytes(dialAt, data)
	w.bytes(metaAt, d.meta)
	return w.binary()
}

// undialling is one that knows nothing of routes.
type undialling struct{}

func (undialling) guest() []byte { return relayGuest() }

func dialApp(t *testing.T, g interface{ guest() []byte }) *App {
	return newApp(t, guests{{frontSpec, g.guest()}}, Edge{From: "front", Service: "test.Back"})
}

func insecureDial(address string) metadata.MD {
	return metadata.Pairs("target", address, "canonical", "dns:///"+address, "security", "insecure")
}

func TestRemote(t *testing.T) {
	a := serveAway(t)
	type setup struct {
		app  *App
		opts Options
	}
	for name, tt := range map[string]setup{
		// A guest that knows nothing of routes goes where the operator says.
		"undialled": {relayApp(t), Options{Remote: []RemoteCalls{{Service: "test.Back", Address: a.address}}}},
		"dialled":   {dialApp(t, &dialling{dial: insecureDial(a.address)}), Options{}},
		"elsewhere": {dialApp(t, &dialling{dial: insecureDial("127.0.0.1:1")}), Options{Remote: []RemoteCalls{{Address: a.address}}}},
		"control":   {dialApp(t, &dialling{dial: insecureDial(a.address), options: metadata.Pairs("compressor", "gzip", "wait-for-ready", "true"), control: []uint32{0, 0}}), Options{}},
		"local":     {newApp(t, guests{{frontSpec, (&dialling{dial: insecureDial("127.0.0.1:1")}).guest()}, {backSpec, echoGuest("back#echo", "back#act")}}, Edge{"front", "back", "test.Back"}), Options{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := serve(t, tt.app, tt.opts)
			for range 3 {
				s.checkEcho(t, "Front/Echo")
			}
			if got, err := s.call(t.Context(), "Front/Echo", nil); err != nil || len(got) != 0 {
				t.Errorf("got %q, %v", got, err)
			}
			if n := len(s.remotes.conns); n != 1 && name != "local" {
				t.Errorf("%d connections, want 1", n)
			}
			if name == "local" {
				return
			}
			_, err := s.call(t.Context(), "Front/Echo", []byte("status"))
			st := status.Convert(err)
			if st.Code() != codes.FailedPrecondition || st.Message() != "not now ✗" || len(st.Details()) != 1 {
				t.Errorf("got %v, %v", err, st.Details())
			}
			patiently(t, 100*time.Millisecond, func(d time.Duration) bool {
				ctx, cancel := context.WithTimeout(t.Context(), d)
				defer cancel()
				if _, err := s.call(ctx, "Front/Echo", []byte("wait")); status.Code(err) != codes.DeadlineExceeded {
					t.Errorf("got %v, want DeadlineExceeded", err)
				}
				return a.hears(d)
			})
		})
	}
}

func TestRemote_context(t *testing.T) {
	a := serveAway(t)
	md := metadata.MD{"key": {"one", "two"}, "key-bin": {"\x00\xff"}}
	meta := encodeMeta(md)
	soon := func(d time.Duration) []uint32 {
		ns := uint64(time.Now().Add(d).UnixNano())
		return []uint32{0, 0, 0, 0, 0, 0, uint32(ns), uint32(ns >> 32)}
	}
	t.Run("metadata", func(t *testing.T) {
		control := []uint32{0, 0, 0, 0, 0, 0, 0, 0, metaAt, uint32(len(meta))}
		dial := insecureDial(a.address)
		dial.Set("authority", "auth.example")
		dial.Set("user-agent", "tester/1")
		s := serve(t, dialApp(t, &dialling{dial: dial, control: control, meta: meta}), Options{MaxInstances: 1})
		got, err := s.call(t.Context(), "Front/Echo", []byte("metadata"))
		if err != nil {
			t.Fatal(err)
		}
		seen, _, err := parseMeta(got)
		if err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string][]string{
			"key": md["key"], "key-bin": md["key-bin"], ":authority": {"auth.example"}, "content-type": {"application/grpc"}, "user-agent": {"tester/1 grpc-go/" + grpc.Version},
		} {
			if diff := cmp.Diff(want, seen[key]); diff != "" {
				t.Errorf("%s (-want +got):\n%s", key, diff)
			}
		}
	})
	t.Run("reply", func(t *testing.T) {
		left := returnBlob(seq(i32Const(controlAt), load(controlReplyMeta)), seq(i32Const(controlAt), load(controlReplyMeta+4)))
		s := serve(t, dialApp(t, &dialling{dial: insecureDial(a.address), control: []uint32{0, 0, 0, 0, 0, outWantHeaders}, answer: left}), Options{})
		got, err := s.call(t.Context(), "Front/Echo", []byte("metadata"))
		if err != nil {
			t.Fatal(err)
		}
		header, trailer, err := parseMeta(got)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(metadata.MD{"h": {"1"}, "h-bin": {"\x00\xff"}, "content-type": {"application/grpc"}}, header); diff != "" {
			t.Errorf("header (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(metadata.MD{"t": {"2"}}, trailer); diff != "" {
			t.Errorf("trailer (-want +got):\n%s", diff)
		}
	})
	t.Run("deadline", func(t *testing.T) {
		s := serve(t, dialApp(t, &dialling{dial: insecureDial(a.address), control: soon(90*time.Minute + 30*time.Second)}), Options{})
		if got, err := s.call(t.Context(), "Front/Echo", []byte("deadline")); err != nil || string(got) != "1h30m0s" {
			t.Errorf("got %s, %v", got, err)
		}
	})
	t.Run("deadline that passes", func(t *testing.T) {
		patiently(t, 300*time.Millisecond, func(d time.Duration) bool {
			s := serve(t, dialApp(t, &dialling{dial: insecureDial(a.address), control: soon(d)}), Options{})
			if _, err := s.call(t.Context(), "Front/Echo", []byte("wait")); status.Code(err) != codes.DeadlineExceeded {
				t.Errorf("got %v", err)
			}
			return a.hears(d)
		})
	})
	t.Run("deadline that has passed", func(t *testing.T) {
		s := serve(t, dialApp(t, &dialling{dial: insecureDial(a.address), control: soon(-time.Second)}), Options{})
		_, err := s.call(t.Context(), "Front/Echo", []byte("wait"))
		if st := status.Convert(err); st.Code() != codes.DeadlineExceeded || st.Message() != "context deadline exceeded" {
			t.Errorf("got %v", err)
		}
	})
}

func TestRemote_Errors(t *testing.T) {
	nobody := freeport.Address(t)
	two := guests{{frontSpec, nil}, {backSpec, echoGuest("back#echo", "back#act")}, {Function{Name: "rear", Exports: []string{"test.Back"}}, echoGuest("back#echo", "back#act")}}
	edges := []Edge{{"front", "back", "test.Back"}, {"front", "rear", "test.Back"}}
	for name, tt := range map[string]struct {
		guest interface{ guest() []byte }
		local bool
		opts  Options
		want  string
	}{
		"connection refused": {&dialling{dial: insecureDial(nobody)}, false, Options{}, "connection error: desc = \"transport: Error while dialing: dial tcp " + nobody},
		"not dialled":        {undialling{}, false, Options{}, "function front does not say what it dials for service test.Back: say it with -remote front:test.Back=ADDRESS"},
		"not dialled, several": {undialling{}, true, Options{}, "function front does not say what it dials for service test.Back, which functions back and rear serve: " +
			"have its calls leave the host with -remote front:test.Back=ADDRESS"},
		"ambiguous": {&dialling{dial: insecureDial("x:1")}, true, Options{}, `function front dials "x:1" for service test.Back, which functions back and rear serve, ` +
			"and neither name nor address says which of them is meant: say it with -route x:1=FUNCTION, or have the calls leave the host with -remote front:test.Back"},
		"ambiguous and remote": {&dialling{dial: insecureDial(nobody)}, true, Options{Remote: []RemoteCalls{{}}}, "connection error"},
		"file": {&dialling{dial: metadata.Pairs("target", "x:1", "security", "tls", "ca-file", "ca.pem")}, false, Options{},
			`function front dials "x:1" for service test.Back: its credentials name the file "ca.pem", which is not the host's to read unless it is told so with -remote-ca ca.pem or -remote-ca ca.pem=FILE`},
		"protocol": {&dialling{dial: metadata.Pairs("target", "x:1", "security", "alts")}, false, Options{},
			`function front dials "x:1" for service test.Back: the host cannot make connections with credentials of the protocol "alts", but with TLS and insecure ones`},
		"dialer": {&dialling{dial: metadata.Pairs("target", "x:1", "canonical", "dns:///x:1", "dialer", "true")}, false, Options{},
			`function front dials "x:1" for service test.Back: it has a dialer of its own, which the host cannot call: say where it is with -remote front:test.Back=ADDRESS`},
		"resolver": {&dialling{dial: metadata.Pairs("target", "consul://x/y", "canonical", "consul://x/y")}, false, Options{},
			`function front dials "consul://x/y" for service test.Back: the host has no resolver for the scheme "consul": say where it is with -remote front:test.Back=ADDRESS`},
		"problem": {&dialling{dial: metadata.Pairs("target", "x:1", "problem", "it is odd")}, false, Options{}, `function front dials "x:1" for service test.Back: it is odd`},
		"target":  {&dialling{dial: metadata.Pairs("target", "dns:///", "security", "insecure")}, false, Options{}, `missing address`},
	} {
		t.Run(name, func(t *testing.T) {
			app := dialApp(t, tt.guest)
			if tt.local {
				g := append(guests(nil), two...)
				g[0].code = tt.guest.guest()
				app = newApp(t, g, edges...)
			}
			s := serve(t, app, tt.opts)
			for range 2 {
				_, err := s.call(t.Context(), "Front/Echo", nil)
				if st := status.Convert(err); st.Code() != codes.Unavailable || !strings.Contains(st.Message(), tt.want) {
					t.Errorf("got  %v\nwant %s", err, tt.want)
				}
			}
		})
	}
}

// Several functions export what is called.
func TestRouted(t *testing.T) {
	back := func(text string) []byte {
		w := newGuestModule(&wasm{}, methodCode{"back#echo", returnBlob(i32Const(dataAt), i32Const(uint32(len(text))))}, methodCode{"back#act", unreachable})
		w.bytes(dataAt, []byte(text))
		return w.binary()
	}
	rearSpec := Function{Name: "rear", Exports: []string{"test.Back"}}
	for target, want := range map[string]string{"back:1": "of back", "rear.example:1": "of rear", "x:1": "of rear"} {
		t.Run(target, func(t *testing.T) {
			app := newApp(t, guests{{frontSpec, (&dialling{dial: insecureDial(target)}).guest()}, {backSpec, back("of back")}, {rearSpec, back("of rear")}},
				Edge{"front", "back", "test.Back"}, Edge{"front", "rear", "test.Back"})
			s := serve(t, app, Options{Routes: []TargetRoute{{Target: "x:1", To: "rear"}}})
			if got, err := s.call(t.Context(), "Front/Echo", nil); err != nil || string(got) != want {
				t.Errorf("got %q, %v, want %q", got, err, want)
			}
		})
	}
}

func TestRemote_TLS(t *testing.T) {
	cert, ca := certificate(t)
	a := serveAway(t, grpc.Creds(credentials.NewServerTLSFromCert(cert)))
	for name, tt := range map[string]struct {
		dial []string
		want string // in the message of the error
	}{
		"CA":               {[]string{"ca", string(ca)}, ""},
		"CA file":          {[]string{"ca-file", "ca.pem"}, ""},
		"skip":             {[]string{"skip-verify", "true"}, ""},
		"server name":      {[]string{"ca", string(ca), "server-name", "other.example"}, ""},
		"other name":       {[]string{"ca", string(ca), "server-name", "wrong.example"}, "certificate is valid for"},
		"authority":        {[]string{"ca", string(ca), "authority", "wrong.example"}, "certificate is valid for"},
		"system roots":     {nil, "certificate signed by unknown authority"},
		"no certificate":   {[]string{"ca", "x"}, "credentials: failed to append certificates"},
		"not a TLS client": {[]string{"security", "insecure"}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			md := metadata.Pairs("target", a.address, "security", "tls")
			for i := 0; i < len(tt.dial); i += 2 {
				md.Set(tt.dial[i], tt.dial[i+1])
			}
			s := serve(t, dialApp(t, &dialling{dial: md}), Options{CAFiles: map[string][]byte{"ca.pem": ca}})
			if tt.want == "" && md["security"][0] == "tls" {
				s.checkEcho(t, "Front/Echo")
				return
			}
			_, err := s.call(t.Context(), "Front/Echo", nil)
			if status.Code(err) != codes.Unavailable || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// certificate makes a certificate for the address of a test's server and other.example, signed by itself.
func certificate(t *testing.T) (*tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"other.example"},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
