package service

import (
	"context"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

// catalog knows two products, and who has asked.
type catalog struct {
	catalogv1.UnimplementedCatalogServer
	users chan string
}

func (c catalog) GetProduct(ctx context.Context, req *catalogv1.GetProductRequest) (*catalogv1.Product, error) {
	c.users <- interceptors.User(ctx)
	switch req.Id {
	case "mug":
		return &catalogv1.Product{Id: "mug", Name: "Mug", Price: money.New("EUR", 1290)}, nil
	case "krus":
		return &catalogv1.Product{Id: "krus", Name: "Krus", Price: money.New("NOK", 15900)}, nil
	}
	return nil, fault.NotFound("product", req.Id)
}

func serve(t *testing.T) (cartv1.CartServiceClient, catalog) {
	c := catalog{users: make(chan string, 10)}
	conn := shoptest.Serve(t, func(s *grpc.Server) { catalogv1.RegisterCatalogServer(s, c) })
	service := New(catalogv1.NewCatalogClient(conn), time.Hour)
	return cartv1.NewCartServiceClient(shoptest.Serve(t, func(s *grpc.Server) { cartv1.RegisterCartServiceServer(s, service) })), c
}

func TestCart(t *testing.T) {
	client, catalog := serve(t)
	ada := shoptest.As(t, "ada")
	for _, n := range []int32{2, 3} {
		cart, err := client.AddItem(ada, &cartv1.AddItemRequest{ProductId: "mug", Quantity: n})
		if err != nil || len(cart.Items) != 1 {
			t.Fatalf("got %v, %v", cart, err)
		}
		if user := <-catalog.users; user != "ada" {
			t.Errorf("the catalog was asked on behalf of %q", user)
		}
	}
	cart, err := client.GetCart(ada, &cartv1.GetCartRequest{})
	if err != nil || cart.Items[0].Quantity != 5 || money.Format(cart.Total) != "EUR 64.50" {
		t.Errorf("got %v, %v", cart, err)
	}
	if other, err := client.GetCart(shoptest.As(t, "bob"), &cartv1.GetCartRequest{}); err != nil || len(other.Items) != 0 {
		t.Errorf("somebody else's cart: %v, %v", other, err)
	}
	if _, err := client.EmptyCart(ada, &cartv1.EmptyCartRequest{}); err != nil {
		t.Fatal(err)
	}
	if cart, err := client.GetCart(ada, &cartv1.GetCartRequest{}); err != nil || len(cart.Items) != 0 || cart.UpdatedAt != nil {
		t.Errorf("an empty cart: %v, %v", cart, err)
	}
}

func TestAddItem_Errors(t *testing.T) {
	client, _ := serve(t)
	ada := shoptest.As(t, "ada")
	if _, err := client.AddItem(ada, &cartv1.AddItemRequest{ProductId: "mug", Quantity: 90}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		ctx  context.Context
		req  *cartv1.AddItemRequest
		want codes.Code
	}{
		{t.Context(), &cartv1.AddItemRequest{ProductId: "mug", Quantity: 1}, codes.Unauthenticated},
		{ada, &cartv1.AddItemRequest{ProductId: "mug"}, codes.InvalidArgument},
		{ada, &cartv1.AddItemRequest{Quantity: 1}, codes.InvalidArgument},
		{ada, &cartv1.AddItemRequest{ProductId: "mug", Quantity: 10}, codes.ResourceExhausted},
		{ada, &cartv1.AddItemRequest{ProductId: "krus", Quantity: 1}, codes.FailedPrecondition},
		{ada, &cartv1.AddItemRequest{ProductId: "none", Quantity: 1}, codes.NotFound},
	} {
		_, err := client.AddItem(tt.ctx, tt.req)
		if status.Code(err) != tt.want {
			t.Errorf("%v: %v, want %v", tt.req, err, tt.want)
		}
		if tt.want == codes.NotFound && shoptest.Detail[*errdetails.ResourceInfo](t, err).ResourceName != "none" {
			t.Errorf("the catalog's details are lost: %v", err)
		}
	}
	if cart, err := client.GetCart(ada, &cartv1.GetCartRequest{}); err != nil || cart.Items[0].Quantity != 90 || len(cart.Items) != 1 {
		t.Errorf("the cart has changed: %v, %v", cart, err)
	}
}
