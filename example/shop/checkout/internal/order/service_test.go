package order

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

func serve(t *testing.T, w *world) (checkoutv1.CheckoutClient, *Service) {
	s := New(w.clients(t), slog.New(slog.DiscardHandler))
	return checkoutv1.NewCheckoutClient(shoptest.Serve(t, func(r *grpc.Server) { checkoutv1.RegisterCheckoutServer(r, s) })), s
}

func item(id string, n int32) *cartv1.Cart_Item {
	return &cartv1.Cart_Item{ProductId: id, Name: strings.ToUpper(id), Quantity: n, Price: money.New("EUR", 1000)}
}

func request() *checkoutv1.PlaceOrderRequest {
	return &checkoutv1.PlaceOrderRequest{
		Address: &commonv1.Address{City: "Oslo", CountryCode: "NO"},
		Payment: &paymentv1.Method{Kind: &paymentv1.Method_Invoice{Invoice: &paymentv1.Invoice{}}},
		Contact: &checkoutv1.Contact{Email: proto.String("ada@example.com"), Phone: proto.String("+4712345678")},
	}
}

// follow returns the kinds of an order's events.
func follow(t *testing.T, client checkoutv1.CheckoutClient, order string) string {
	t.Helper()
	stream, err := client.FollowOrder(t.Context(), &checkoutv1.FollowOrderRequest{OrderId: order})
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return strings.Join(kinds, " ")
		}
		if err != nil {
			t.Fatal(err)
		}
		kinds = append(kinds, strings.TrimPrefix(event.Kind.String(), "KIND_"))
	}
}

func TestPlaceOrder(t *testing.T) {
	for _, tt := range []struct {
		name              string
		items             []*cartv1.Cart_Item
		change            func(*checkoutv1.PlaceOrderRequest)
		total, calls, saw string
	}{
		{
			"parcel", []*cartv1.Cart_Item{item("mug", 2), item("ebook", 1)}, nil,
			"EUR 34.90", "Charge EmptyCart GetCart GetProduct GetProduct Quote Reserve Ship mail sms", "PLACED RESERVED CHARGED SHIPPED",
		},
		{
			"download", []*cartv1.Cart_Item{item("ebook", 1)}, func(r *checkoutv1.PlaceOrderRequest) { r.Contact.Phone = nil },
			"EUR 10.00", "Charge EmptyCart GetCart GetProduct Reserve mail", "PLACED RESERVED CHARGED",
		},
		{
			"without contact", []*cartv1.Cart_Item{item("ebook", 1)}, func(r *checkoutv1.PlaceOrderRequest) { r.Contact = nil },
			"EUR 10.00", "Charge EmptyCart GetCart GetProduct Reserve", "PLACED RESERVED CHARGED",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{items: tt.items}
			client, _ := serve(t, w)
			req := request()
			if tt.change != nil {
				tt.change(req)
			}
			order, err := client.PlaceOrder(shoptest.As(t, "ada"), req)
			if err != nil {
				t.Fatal(err)
			}
			if got := money.Format(order.Total); got != tt.total || order.UserId != "ada" {
				t.Errorf("order of %s is %s, want %s", order.UserId, got, tt.total)
			}
			if got := w.called(); got != tt.calls {
				t.Errorf("calls: %s, want %s", got, tt.calls)
			}
			if got := follow(t, client, order.Id); got != tt.saw {
				t.Errorf("events: %s, want %s", got, tt.saw)
			}
		})
	}
}

func TestPlaceOrder_Failures(t *testing.T) {
	no := status.Error(codes.ResourceExhausted, "no")
	for _, tt := range []struct {
		fails, calls string
		want         codes.Code
	}{
		{"GetCart", "GetCart", codes.ResourceExhausted},
		{"Quote", "GetCart GetProduct Quote", codes.ResourceExhausted},
		{"Reserve", "GetCart GetProduct Quote Reserve", codes.ResourceExhausted},
		{"Charge", "Charge GetCart GetProduct Quote Release Reserve", codes.ResourceExhausted},
		{"Ship", "Charge GetCart GetProduct Quote Refund Release Reserve Ship", codes.ResourceExhausted},
		{"sms", "Charge EmptyCart GetCart GetProduct Quote Reserve Ship mail sms", codes.OK},
		{"EmptyCart", "Charge EmptyCart GetCart GetProduct Quote Reserve Ship mail sms", codes.OK},
	} {
		w := &world{items: []*cartv1.Cart_Item{item("mug", 1)}, fail: map[string]error{tt.fails: no}}
		client, _ := serve(t, w)
		var trailer metadata.MD
		order, err := client.PlaceOrder(shoptest.As(t, "ada"), request(), grpc.Trailer(&trailer))
		if ids := trailer.Get(interceptors.OrderIDKey); len(ids) == 1 && tt.want != codes.OK && !strings.HasSuffix(follow(t, client, ids[0]), "FAILED") {
			t.Errorf("%s fails: events %s", tt.fails, follow(t, client, ids[0]))
		}
		if status.Code(err) != tt.want {
			t.Errorf("%s fails: %v, want %v", tt.fails, err, tt.want)
		}
		if got := w.called(); got != tt.calls {
			t.Errorf("%s fails: calls %s, want %s", tt.fails, got, tt.calls)
		}
		if tt.fails == "sms" && len(order.GetNotifications()) != 1 {
			t.Errorf("notifications: %v", order.GetNotifications())
		}
	}
}

func TestPlaceOrder_Errors(t *testing.T) {
	dearer := item("mug", 1)
	dearer.Price = money.New("EUR", 999)
	for _, tt := range []struct {
		items []*cartv1.Cart_Item
		req   *checkoutv1.PlaceOrderRequest
		want  codes.Code
	}{
		{nil, request(), codes.FailedPrecondition},
		{[]*cartv1.Cart_Item{item("mug", 1)}, &checkoutv1.PlaceOrderRequest{}, codes.InvalidArgument},
		{[]*cartv1.Cart_Item{dearer}, request(), codes.Aborted},
	} {
		client, _ := serve(t, &world{items: tt.items})
		if _, err := client.PlaceOrder(shoptest.As(t, "ada"), tt.req); status.Code(err) != tt.want {
			t.Errorf("got %v, want %v", err, tt.want)
		}
	}
}

// TestFollowOrder follows an order that is not done yet.
func TestFollowOrder(t *testing.T) {
	client, s := serve(t, &world{})
	p := newProgress()
	if _, err := s.orders.Update("o", func(*progress) (*progress, error) { return p, nil }); err != nil {
		t.Fatal(err)
	}
	stream, err := client.FollowOrder(t.Context(), &checkoutv1.FollowOrderRequest{OrderId: "o"})
	if err != nil {
		t.Fatal(err)
	}
	for _, kind := range []checkoutv1.OrderEvent_Kind{checkoutv1.OrderEvent_KIND_PLACED, checkoutv1.OrderEvent_KIND_RESERVED} {
		p.add(kind, "")
		if event, err := stream.Recv(); err != nil || event.Kind != kind {
			t.Fatalf("got %v, %v, want %v", event, err, kind)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	short, err := client.FollowOrder(ctx, &checkoutv1.FollowOrderRequest{OrderId: "o"})
	for err == nil {
		_, err = short.Recv()
	}
	if status.Code(err) != codes.DeadlineExceeded {
		t.Errorf("who has a deadline gets %v", err)
	}
	p.end()
	if _, err := stream.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("after the end: %v", err)
	}
	none, err := client.FollowOrder(t.Context(), &checkoutv1.FollowOrderRequest{OrderId: "none"})
	if err == nil {
		_, err = none.Recv()
	}
	if status.Code(err) != codes.NotFound {
		t.Errorf("an unknown order: %v", err)
	}
}
