package order

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/emptypb"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	shippingv1 "github.com/cofaas/cofaas/example/shop/api/shop/shipping/v1"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

// world is all that checkout calls: it records calls, and fails those that it is told to.
type world struct {
	cartv1.UnimplementedCartServiceServer
	catalogv1.UnimplementedCatalogServer
	inventoryv1.UnimplementedInventoryServer
	paymentv1.UnimplementedPaymentServer
	shippingv1.UnimplementedShippingServer

	items []*cartv1.Cart_Item

	mu    sync.Mutex
	calls []string
	fail  map[string]error
}

func (w *world) call(ctx context.Context, name string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if user := interceptors.User(ctx); user != "ada" {
		name += " by " + user
	}
	w.calls = append(w.calls, name)
	return w.fail[name]
}

// called returns the calls so far, sorted: some are made at once.
func (w *world) called() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return strings.Join(slices.Sorted(slices.Values(w.calls)), " ")
}

func (w *world) GetCart(ctx context.Context, _ *cartv1.GetCartRequest) (*cartv1.Cart, error) {
	cart := &cartv1.Cart{UserId: "ada", Items: w.items}
	var amounts []*commonv1.Money
	for _, item := range w.items {
		amounts = append(amounts, money.Times(item.Price, item.Quantity))
	}
	var err error
	if cart.Total, err = money.Sum(amounts...); err != nil {
		return nil, err
	}
	return cart, w.call(ctx, "GetCart")
}

func (w *world) EmptyCart(ctx context.Context, _ *cartv1.EmptyCartRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, w.call(ctx, "EmptyCart")
}

func (w *world) GetProduct(ctx context.Context, req *catalogv1.GetProductRequest) (*catalogv1.Product, error) {
	p := &catalogv1.Product{Id: req.Id, Price: money.New("EUR", 1000)}
	if req.Id == "mug" {
		weight := int32(200)
		p.WeightGrams = &weight
	}
	return p, w.call(ctx, "GetProduct")
}

func (w *world) Reserve(ctx context.Context, _ *inventoryv1.ReserveRequest) (*inventoryv1.Reservation, error) {
	return &inventoryv1.Reservation{}, w.call(ctx, "Reserve")
}

func (w *world) Release(ctx context.Context, _ *inventoryv1.ReleaseRequest) (*emptypb.Empty, error) {
	return &emptypb.Empty{}, w.call(ctx, "Release")
}

func (w *world) Charge(ctx context.Context, req *paymentv1.ChargeRequest) (*paymentv1.Receipt, error) {
	return &paymentv1.Receipt{Id: "pay", Amount: req.Amount, Display: "card"}, w.call(ctx, "Charge")
}

func (w *world) Refund(ctx context.Context, _ *paymentv1.RefundRequest) (*paymentv1.Receipt, error) {
	return &paymentv1.Receipt{}, w.call(ctx, "Refund")
}

func (w *world) Quote(ctx context.Context, _ *shippingv1.QuoteRequest) (*shippingv1.QuoteResponse, error) {
	return &shippingv1.QuoteResponse{Cost: money.New("EUR", 490)}, w.call(ctx, "Quote")
}

func (w *world) Ship(ctx context.Context, _ *shippingv1.ShipRequest) (*shippingv1.Shipment, error) {
	return &shippingv1.Shipment{TrackingId: "trk", Carrier: shippingv1.Carrier_CARRIER_POST}, w.call(ctx, "Ship")
}

// notifier is one of the two.
type notifier struct {
	notifyv1.UnimplementedNotifierServer
	*world
	name string
}

func (n notifier) Send(ctx context.Context, req *notifyv1.SendRequest) (*notifyv1.Delivery, error) {
	return &notifyv1.Delivery{Recipient: req.Recipient, Body: n.name}, n.call(ctx, n.name)
}

// clients returns clients of the world.
func (w *world) clients(t *testing.T) Clients {
	conn := shoptest.Serve(t, func(s *grpc.Server) {
		cartv1.RegisterCartServiceServer(s, w)
		catalogv1.RegisterCatalogServer(s, w)
		inventoryv1.RegisterInventoryServer(s, w)
		paymentv1.RegisterPaymentServer(s, w)
		shippingv1.RegisterShippingServer(s, w)
	})
	notify := func(name string) notifyv1.NotifierClient {
		return notifyv1.NewNotifierClient(shoptest.Serve(t, func(s *grpc.Server) {
			notifyv1.RegisterNotifierServer(s, notifier{world: w, name: name})
		}))
	}
	return Clients{
		Cart: cartv1.NewCartServiceClient(conn), Catalog: catalogv1.NewCatalogClient(conn),
		Inventory: inventoryv1.NewInventoryClient(conn), Payment: paymentv1.NewPaymentClient(conn),
		Shipping: shippingv1.NewShippingClient(conn), Mailer: notify("mail"), SMS: notify("sms"),
	}
}
