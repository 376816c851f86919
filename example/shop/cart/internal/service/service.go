// Package service implements shop.cart.v1.CartService in memory.
package service

import (
	"context"
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/ttl"
)

const mostOfOne = 99

// Service implements CartService.
type Service struct {
	cartv1.UnimplementedCartServiceServer
	catalog catalogv1.CatalogClient
	carts   *ttl.Map[string, *cartv1.Cart] // by user; carts are never changed once they are in it
}

// New returns a service without carts. Carts that are not used are kept as long as that.
func New(catalog catalogv1.CatalogClient, keep time.Duration) *Service {
	return &Service{catalog: catalog, carts: ttl.New[string, *cartv1.Cart](keep)}
}

// Sweep forgets carts that nobody uses, until ctx is done. It calls forgot if there were any.
func (s *Service) Sweep(ctx context.Context, interval time.Duration, forgot func(n int)) {
	s.carts.SweepEvery(ctx, interval, func(n int) {
		if n > 0 {
			forgot(n)
		}
	})
}

// AddItem asks the catalog for the price.
func (s *Service) AddItem(ctx context.Context, req *cartv1.AddItemRequest) (*cartv1.Cart, error) {
	user, err := userOf(ctx)
	if err != nil {
		return nil, err
	}
	var wrong fault.Fields
	wrong.Check(req.GetProductId() != "", "product_id", "is missing")
	wrong.Check(req.GetQuantity() > 0 && req.GetQuantity() <= mostOfOne, "quantity", "must be from 1 to 99")
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	product, err := s.catalog.GetProduct(ctx, &catalogv1.GetProductRequest{Id: req.ProductId})
	if err != nil {
		return nil, err // with its details
	}
	return s.carts.Update(user, func(old *cartv1.Cart) (*cartv1.Cart, error) {
		return add(old, user, product, req.Quantity)
	})
}

func add(old *cartv1.Cart, user string, product *catalogv1.Product, quantity int32) (*cartv1.Cart, error) {
	cart := &cartv1.Cart{UserId: user, UpdatedAt: timestamppb.Now()}
	if old != nil {
		cart.Items = proto.CloneOf(old).Items
	}
	i := slices.IndexFunc(cart.Items, func(item *cartv1.Cart_Item) bool { return item.ProductId == product.Id })
	if i < 0 {
		i = len(cart.Items)
		cart.Items = append(cart.Items, &cartv1.Cart_Item{ProductId: product.Id})
	}
	item := cart.Items[i]
	if item.Quantity+quantity > mostOfOne {
		return nil, status.Errorf(codes.ResourceExhausted, "at most %d of %s fit into a cart", mostOfOne, product.Id)
	}
	item.Name, item.Price, item.WeightGrams = product.Name, product.Price, product.WeightGrams
	item.Quantity += quantity

	var amounts []*commonv1.Money
	for _, item := range cart.Items {
		amounts = append(amounts, money.Times(item.Price, item.Quantity))
	}
	var err error
	if cart.Total, err = money.Sum(amounts...); err != nil {
		return nil, status.Errorf(codes.FailedPrecondition, "product %s: %v", product.Id, err)
	}
	return cart, nil
}

// GetCart returns an empty cart if there is none.
func (s *Service) GetCart(ctx context.Context, _ *cartv1.GetCartRequest) (*cartv1.Cart, error) {
	user, err := userOf(ctx)
	if err != nil {
		return nil, err
	}
	if cart, ok := s.carts.Get(user); ok {
		return cart, nil
	}
	return &cartv1.Cart{UserId: user}, nil
}

// EmptyCart forgets the cart.
func (s *Service) EmptyCart(ctx context.Context, _ *cartv1.EmptyCartRequest) (*emptypb.Empty, error) {
	user, err := userOf(ctx)
	if err != nil {
		return nil, err
	}
	s.carts.Delete(user)
	return &emptypb.Empty{}, nil
}

func userOf(ctx context.Context) (string, error) {
	user := interceptors.User(ctx)
	if user == "" {
		return "", status.Errorf(codes.Unauthenticated, "metadata %s is missing", interceptors.UserKey)
	}
	return user, nil
}
