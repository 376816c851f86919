package order

import (
	"context"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	shippingv1 "github.com/cofaas/cofaas/example/shop/api/shop/shipping/v1"
	"github.com/cofaas/cofaas/example/shop/internal/money"
)

// undoing is how long it may take to undo an attempt.
const undoing = 10 * time.Second

// attempt makes one order of a cart.
type attempt struct {
	*Service
	req      *checkoutv1.PlaceOrderRequest
	cart     *cartv1.Cart
	progress *progress

	order    *checkoutv1.Order
	reserved bool
}

func (a *attempt) run(ctx context.Context) error {
	a.progress.add(checkoutv1.OrderEvent_KIND_PLACED, fmt.Sprintf("%d products", len(a.cart.Items)))
	weight, err := a.checkPrices(ctx)
	if err != nil {
		return err
	}
	amounts := []*commonv1.Money{a.cart.Total}
	if weight > 0 {
		quote, err := a.Shipping.Quote(ctx, &shippingv1.QuoteRequest{Address: a.req.Address, WeightGrams: weight, Carrier: a.req.Carrier})
		if err != nil {
			return err
		}
		amounts = append(amounts, quote.Cost)
	}
	if a.order.Total, err = money.Sum(amounts...); err != nil {
		return status.Error(codes.FailedPrecondition, err.Error())
	}

	items := make(map[string]int32)
	for _, item := range a.cart.Items {
		items[item.ProductId] = item.Quantity
	}
	if _, err := a.Inventory.Reserve(ctx, &inventoryv1.ReserveRequest{OrderId: a.order.Id, Items: items}); err != nil {
		return err
	}
	a.reserved = true
	a.progress.add(checkoutv1.OrderEvent_KIND_RESERVED, "")

	charge := &paymentv1.ChargeRequest{IdempotencyKey: a.order.Id, Amount: a.order.Total, Method: a.req.Payment}
	if a.order.Receipt, err = a.Payment.Charge(ctx, charge); err != nil {
		return err
	}
	a.progress.add(checkoutv1.OrderEvent_KIND_CHARGED, a.order.Receipt.Display)

	if weight > 0 {
		ship := &shippingv1.ShipRequest{OrderId: a.order.Id, Address: a.req.Address, WeightGrams: weight, Carrier: a.req.Carrier}
		if a.order.Shipment, err = a.Shipping.Ship(ctx, ship); err != nil {
			return err
		}
		a.progress.add(checkoutv1.OrderEvent_KIND_SHIPPED, a.order.Shipment.Carrier.String())
	}
	// What fails from here on is no reason to give the order up.
	a.notify(ctx)
	if _, err := a.Cart.EmptyCart(ctx, &cartv1.EmptyCartRequest{}); err != nil {
		a.log.Warn("cart is not empty", "order", a.order.Id, "error", err)
	}
	return nil
}

// checkPrices compares the cart with the catalog as it is now, and returns the weight of all.
func (a *attempt) checkPrices(ctx context.Context) (grams int64, err error) {
	products := make([]*catalogv1.Product, len(a.cart.Items))
	group, ctx := errgroup.WithContext(ctx)
	for i, item := range a.cart.Items {
		group.Go(func() (err error) {
			products[i], err = a.Catalog.GetProduct(ctx, &catalogv1.GetProductRequest{Id: item.ProductId})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return 0, err
	}
	for i, p := range products {
		item := a.cart.Items[i]
		if !proto.Equal(p.Price, item.Price) {
			return 0, status.Errorf(codes.Aborted, "the price of %s is %s now, not %s", p.Id, money.Format(p.Price), money.Format(item.Price))
		}
		grams += int64(p.GetWeightGrams()) * int64(item.Quantity)
	}
	return grams, nil
}

// notify tells the user by all channels at once.
func (a *attempt) notify(ctx context.Context) {
	lines := make([]*notifyv1.OrderConfirmation_Line, len(a.cart.Items))
	for i, item := range a.cart.Items {
		lines[i] = &notifyv1.OrderConfirmation_Line{Name: item.Name, Quantity: item.Quantity}
	}
	content := &notifyv1.SendRequest_Confirmation{
		Confirmation: &notifyv1.OrderConfirmation{OrderId: a.order.Id, Total: a.order.Total, Lines: lines},
	}
	var group errgroup.Group
	var deliveries [2]*notifyv1.Delivery
	send := func(i int, client notifyv1.NotifierClient, recipient *string, headers map[string]string) {
		if recipient == nil {
			return
		}
		group.Go(func() (err error) {
			deliveries[i], err = client.Send(ctx, &notifyv1.SendRequest{Recipient: *recipient, Content: content, Headers: headers})
			return err
		})
	}
	contact := a.req.GetContact()
	if contact != nil {
		send(0, a.Mailer, contact.Email, map[string]string{"Subject": "Your order " + a.order.Id})
		send(1, a.SMS, contact.Phone, nil)
	}
	if err := group.Wait(); err != nil {
		a.log.Warn("user was not notified", "order", a.order.Id, "error", err)
	}
	for _, d := range deliveries {
		if d != nil {
			a.order.Notifications = append(a.order.Notifications, d)
		}
	}
}

// undo gives back what the attempt has taken. The user waits for it, but cannot end it.
func (a *attempt) undo(ctx context.Context) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), undoing)
	defer cancel()
	if a.order.Receipt != nil {
		if _, err := a.Payment.Refund(ctx, &paymentv1.RefundRequest{ReceiptId: a.order.Receipt.Id}); err != nil {
			a.log.Error("payment is not refunded", "order", a.order.Id, "receipt", a.order.Receipt.Id, "error", err)
		}
	}
	if a.reserved {
		if _, err := a.Inventory.Release(ctx, &inventoryv1.ReleaseRequest{OrderId: a.order.Id}); err != nil {
			a.log.Error("reservation is not released", "order", a.order.Id, "error", err)
		}
	}
}
