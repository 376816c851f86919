// Package order implements shop.checkout.v1.Checkout.
package order

import (
	"context"
	"crypto/rand"
	"log/slog"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	shippingv1 "github.com/cofaas/cofaas/example/shop/api/shop/shipping/v1"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/ttl"
)

// Clients are the functions that make an order.
type Clients struct {
	Cart      cartv1.CartServiceClient
	Catalog   catalogv1.CatalogClient
	Inventory inventoryv1.InventoryClient
	Payment   paymentv1.PaymentClient
	Shipping  shippingv1.ShippingClient
	// Mailer and SMS are the same service, for different channels.
	Mailer, SMS notifyv1.NotifierClient
}

// Service implements Checkout. It remembers orders for a day.
type Service struct {
	checkoutv1.UnimplementedCheckoutServer
	Clients
	log    *slog.Logger
	orders *ttl.Map[string, *progress]
}

// New returns a service without orders.
func New(clients Clients, log *slog.Logger) *Service {
	return &Service{Clients: clients, log: log, orders: ttl.New[string, *progress](24 * time.Hour)}
}

// Sweep forgets old orders until ctx is done.
func (s *Service) Sweep(ctx context.Context) {
	s.orders.SweepEvery(ctx, time.Minute, func(n int) { s.log.Debug("forgot orders", "count", n) })
}

func (s *Service) PlaceOrder(ctx context.Context, req *checkoutv1.PlaceOrderRequest) (*checkoutv1.Order, error) {
	user := interceptors.User(ctx)
	var wrong fault.Fields
	wrong.Check(req.GetAddress() != nil, "address", "is missing")
	wrong.Check(req.GetPayment().GetKind() != nil, "payment", "is missing")
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	cart, err := s.Cart.GetCart(ctx, &cartv1.GetCartRequest{})
	if err != nil {
		return nil, err
	}
	if len(cart.GetItems()) == 0 {
		return nil, status.Error(codes.FailedPrecondition, "the cart is empty")
	}

	p := newProgress()
	attempt := &attempt{
		Service: s, req: req, cart: cart, progress: p,
		order: &checkoutv1.Order{Id: "ord-" + rand.Text(), UserId: user},
	}
	// Whoever has no order in the end can still see how far it came.
	if err := grpc.SetTrailer(ctx, metadata.Pairs(interceptors.OrderIDKey, attempt.order.Id)); err != nil {
		return nil, err
	}
	if _, err := s.orders.Update(attempt.order.Id, func(*progress) (*progress, error) { return p, nil }); err != nil {
		return nil, err
	}
	if err := attempt.run(ctx); err != nil {
		p.add(checkoutv1.OrderEvent_KIND_FAILED, status.Convert(err).Message())
		p.end()
		attempt.undo(ctx)
		return nil, err
	}
	p.end()
	return attempt.order, nil
}

func (s *Service) FollowOrder(req *checkoutv1.FollowOrderRequest, stream grpc.ServerStreamingServer[checkoutv1.OrderEvent]) error {
	p, ok := s.orders.Get(req.GetOrderId())
	if !ok {
		return fault.NotFound("order", req.GetOrderId())
	}
	for event, err := range p.follow(stream.Context()) {
		if err != nil {
			return status.FromContextError(err).Err()
		}
		if err := stream.Send(event); err != nil {
			return err
		}
	}
	return nil
}
