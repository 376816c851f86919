package main

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	storefrontv1 "github.com/cofaas/cofaas/example/shop/api/shop/storefront/v1"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

// behind is what the storefront calls. It answers with what it was asked, and who asked.
type behind struct {
	catalogv1.UnimplementedCatalogServer
	cartv1.UnimplementedCartServiceServer
	checkoutv1.UnimplementedCheckoutServer
}

func (behind) StreamProducts(req *catalogv1.StreamProductsRequest, stream grpc.ServerStreamingServer[catalogv1.Product]) error {
	for _, id := range strings.Fields(req.GetQuery()) {
		if id == "fail" {
			return status.Error(codes.DataLoss, "as told")
		}
		if err := stream.Send(&catalogv1.Product{Id: id}); err != nil {
			return err
		}
	}
	return nil
}

func (behind) AddItem(ctx context.Context, req *cartv1.AddItemRequest) (*cartv1.Cart, error) {
	return &cartv1.Cart{UserId: interceptors.User(ctx), Items: []*cartv1.Cart_Item{{ProductId: req.ProductId, Quantity: req.Quantity}}}, nil
}

func (behind) PlaceOrder(ctx context.Context, req *checkoutv1.PlaceOrderRequest) (*checkoutv1.Order, error) {
	return &checkoutv1.Order{Id: req.GetContact().GetEmail(), UserId: interceptors.User(ctx)}, nil
}

func serve(t *testing.T) storefrontv1.StorefrontClient {
	conn := shoptest.Serve(t, func(s *grpc.Server) {
		catalogv1.RegisterCatalogServer(s, behind{})
		cartv1.RegisterCartServiceServer(s, behind{})
		checkoutv1.RegisterCheckoutServer(s, behind{})
	})
	front := &storefront{
		catalog: catalogv1.NewCatalogClient(conn), cart: cartv1.NewCartServiceClient(conn), checkout: checkoutv1.NewCheckoutClient(conn),
	}
	return storefrontv1.NewStorefrontClient(shoptest.Serve(t, func(s *grpc.Server) { storefrontv1.RegisterStorefrontServer(s, front) }))
}

func TestExport(t *testing.T) {
	client := serve(t)
	for query, want := range map[string]string{"": "", "a b c": "a b c", "a fail": "a DataLoss"} {
		stream, err := client.Export(t.Context(), &catalogv1.StreamProductsRequest{Query: &query})
		var got []string
		for err == nil {
			var p *catalogv1.Product
			if p, err = stream.Recv(); err == nil {
				got = append(got, p.Id)
			}
		}
		if !errors.Is(err, io.EOF) {
			got = append(got, status.Code(err).String())
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%q: got %q, want %q", query, text, want)
		}
	}
}

func TestUser(t *testing.T) {
	client := serve(t)
	cart, err := client.AddToCart(shoptest.As(t, "ada"), &cartv1.AddItemRequest{ProductId: "mug", Quantity: 3})
	if err != nil || cart.UserId != "ada" || cart.Items[0].Quantity != 3 {
		t.Errorf("got %v, %v", cart, err)
	}
	email := "ada@example.com"
	order, err := client.PlaceOrder(shoptest.As(t, "ada"), &checkoutv1.PlaceOrderRequest{Contact: &checkoutv1.Contact{Email: &email}})
	if err != nil || order.UserId != "ada" || order.Id != email {
		t.Errorf("got %v, %v", order, err)
	}
	if _, err := client.GetProduct(t.Context(), &catalogv1.GetProductRequest{}); status.Code(err) != codes.Unimplemented {
		t.Errorf("an error of the catalog: %v", err)
	}
}
