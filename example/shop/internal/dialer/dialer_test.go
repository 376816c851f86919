package dialer_test

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	"github.com/cofaas/cofaas/example/shop/internal/dialer"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

// notifier is unavailable for the first calls, and never answers who says "wait".
type notifier struct {
	notifyv1.UnimplementedNotifierServer
	failures atomic.Int32
}

func (n *notifier) Send(ctx context.Context, req *notifyv1.SendRequest) (*notifyv1.Delivery, error) {
	if req.GetText() == "wait" {
		<-ctx.Done()
		return nil, status.FromContextError(ctx.Err()).Err()
	}
	if n.failures.Add(-1) >= 0 {
		return nil, status.Error(codes.Unavailable, "not yet")
	}
	return &notifyv1.Delivery{}, nil
}

func TestRetries(t *testing.T) {
	n := new(notifier)
	client := notifyv1.NewNotifierClient(shoptest.Serve(t, func(s *grpc.Server) { notifyv1.RegisterNotifierServer(s, n) }))
	for failures, want := range map[int32]codes.Code{0: codes.OK, 3: codes.OK, 4: codes.Unavailable} {
		n.failures.Store(failures)
		if _, err := client.Send(t.Context(), &notifyv1.SendRequest{}); status.Code(err) != want {
			t.Errorf("%d failures: %v, want %v", failures, err, want)
		}
	}
}

func TestWithTimeout(t *testing.T) {
	dial := shoptest.Listen(t, func(s *grpc.Server) { notifyv1.RegisterNotifierServer(s, new(notifier)) })
	wait := &notifyv1.SendRequest{Content: &notifyv1.SendRequest_Text{Text: "wait"}}
	client := notifyv1.NewNotifierClient(dial(dialer.WithTimeout(50 * time.Millisecond)))
	if _, err := client.Send(t.Context(), wait); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("without a deadline of its own: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	begin := time.Now()
	if _, err := notifyv1.NewNotifierClient(dial(dialer.WithTimeout(time.Hour))).Send(ctx, wait); status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("with a deadline: %v after %v", err, time.Since(begin))
	}
}

func TestClient(t *testing.T) {
	client, closeConn, err := dialer.Client("passthrough:///nowhere", notifyv1.NewNotifierClient)
	if err != nil || client == nil {
		t.Fatal(err)
	}
	if err := closeConn(); err != nil {
		t.Error(err)
	}
	if _, _, err := dialer.Client("\x00", notifyv1.NewNotifierClient); err == nil || !strings.Contains(err.Error(), "dial") {
		t.Errorf("a target that is none: %v", err)
	}
}
