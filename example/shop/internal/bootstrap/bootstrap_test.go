package bootstrap

import (
	"context"
	"errors"
	"net"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"

	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	"github.com/cofaas/cofaas/example/shop/internal/dialer"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
)

type notifier struct {
	notifyv1.UnimplementedNotifierServer
}

func (notifier) Send(ctx context.Context, req *notifyv1.SendRequest) (*notifyv1.Delivery, error) {
	if req.GetText() == "panic" {
		panic("as told")
	}
	return &notifyv1.Delivery{Recipient: interceptors.User(ctx), Body: interceptors.RequestID(ctx)}, nil
}

// TestRun runs a whole function, as main does.
func TestRun(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	app, err := New(ctx, "test", WithAuth(interceptors.Bearer("secret")))
	if err != nil {
		t.Fatal(err)
	}
	notifyv1.RegisterNotifierServer(app.Server, notifier{})
	var order []int
	failure := errors.New("a resource that does not close")
	app.OnStop(func(context.Context) error { order = append(order, 1); return failure })
	app.OnStop(func(context.Context) error { order = append(order, 2); return nil })
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- app.Serve(ctx, lis) }()

	dial := func(opts ...dialer.Option) *grpc.ClientConn {
		conn, err := dialer.Dial(lis.Addr().String(), opts...)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		return conn
	}
	for _, service := range []string{"", "shop.notify.v1.Notifier"} {
		got, err := healthpb.NewHealthClient(dial()).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		if err != nil || got.Status != healthpb.HealthCheckResponse_SERVING {
			t.Errorf("health of %q: %v, %v", service, got, err)
		}
	}
	for _, tt := range []struct {
		opts []dialer.Option
		text string
		want codes.Code
	}{
		{nil, "", codes.Unauthenticated},
		{[]dialer.Option{dialer.WithToken("wrong")}, "", codes.Unauthenticated},
		{[]dialer.Option{dialer.WithToken("secret")}, "", codes.OK},
		{[]dialer.Option{dialer.WithToken("secret")}, "panic", codes.Internal},
	} {
		_, err := notifyv1.NewNotifierClient(dial(tt.opts...)).Send(t.Context(), &notifyv1.SendRequest{Content: &notifyv1.SendRequest_Text{Text: tt.text}})
		if status.Code(err) != tt.want {
			t.Errorf("%q: %v, want %v", tt.text, err, tt.want)
		}
	}
	cancel()
	if err := <-ended; !errors.Is(err, failure) {
		t.Errorf("the end: %v", err)
	}
	if len(order) != 2 || order[0] != 2 {
		t.Errorf("called at the end: %v", order)
	}
}

func TestNew_Errors(t *testing.T) {
	t.Run("exporter", func(t *testing.T) {
		t.Setenv("OTEL_TRACES_EXPORTER", "pigeon")
		if _, err := New(t.Context(), "test"); err == nil {
			t.Error("no error for an unknown exporter")
		}
	})
	t.Run("level", func(t *testing.T) {
		t.Setenv("LOG_LEVEL", "loud")
		if _, err := New(t.Context(), "test"); err == nil {
			t.Error("no error for an unknown level")
		}
	})
	t.Run("address", func(t *testing.T) {
		app, err := New(t.Context(), "test")
		if err != nil {
			t.Fatal(err)
		}
		if err := app.Run(t.Context(), "nonsense"); err == nil {
			t.Error("no error for an address that is none")
		}
	})
}
