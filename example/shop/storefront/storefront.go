package main

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	storefrontv1 "github.com/cofaas/cofaas/example/shop/api/shop/storefront/v1"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
)

// storefront implements Storefront by asking others.
type storefront struct {
	storefrontv1.UnimplementedStorefrontServer
	catalog  catalogv1.CatalogClient
	cart     cartv1.CartServiceClient
	checkout checkoutv1.CheckoutClient
}

func (s *storefront) ListProducts(ctx context.Context, req *catalogv1.ListProductsRequest) (*catalogv1.ListProductsResponse, error) {
	return s.catalog.ListProducts(ctx, req)
}

func (s *storefront) GetProduct(ctx context.Context, req *catalogv1.GetProductRequest) (*catalogv1.Product, error) {
	return s.catalog.GetProduct(ctx, req)
}

func (s *storefront) Export(req *catalogv1.StreamProductsRequest, out grpc.ServerStreamingServer[catalogv1.Product]) error {
	in, err := s.catalog.StreamProducts(out.Context(), req)
	return relay(in, out, err)
}

func (s *storefront) GetCart(ctx context.Context, req *cartv1.GetCartRequest) (*cartv1.Cart, error) {
	return s.cart.GetCart(ctx, req)
}

func (s *storefront) AddToCart(ctx context.Context, req *cartv1.AddItemRequest) (*cartv1.Cart, error) {
	return s.cart.AddItem(ctx, req)
}

func (s *storefront) PlaceOrder(ctx context.Context, req *checkoutv1.PlaceOrderRequest) (*checkoutv1.Order, error) {
	var trailer metadata.MD
	order, err := s.checkout.PlaceOrder(ctx, req, grpc.Trailer(&trailer))
	if ids := trailer.Get(interceptors.OrderIDKey); len(ids) > 0 {
		if err := grpc.SetTrailer(ctx, metadata.Pairs(interceptors.OrderIDKey, ids[0])); err != nil {
			return nil, err
		}
	}
	return order, err
}

func (s *storefront) FollowOrder(req *checkoutv1.FollowOrderRequest, out grpc.ServerStreamingServer[checkoutv1.OrderEvent]) error {
	in, err := s.checkout.FollowOrder(out.Context(), req)
	return relay(in, out, err)
}

// relay passes the messages of one stream on to another, unless it could not be opened.
func relay[M any](in grpc.ServerStreamingClient[M], out grpc.ServerStreamingServer[M], err error) error {
	for err == nil {
		var m *M
		if m, err = in.Recv(); err == nil {
			err = out.Send(m)
		}
	}
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
