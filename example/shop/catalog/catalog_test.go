package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

func serve(t *testing.T) catalogv1.CatalogClient {
	t.Helper()
	c, err := openCatalog("")
	if err != nil {
		t.Fatal(err)
	}
	return catalogv1.NewCatalogClient(shoptest.Serve(t, func(s *grpc.Server) { catalogv1.RegisterCatalogServer(s, c) }))
}

func ids(products []*catalogv1.Product) string {
	var list []string
	for _, p := range products {
		list = append(list, p.Id)
	}
	return strings.Join(list, " ")
}

func TestGetProduct(t *testing.T) {
	client := serve(t)
	got, err := client.GetProduct(t.Context(), &catalogv1.GetProductRequest{Id: "ebook"})
	if err != nil || got.GetPrice().GetCurrencyCode() != "EUR" || got.WeightGrams != nil {
		t.Errorf("got %v, %v", got, err)
	}
	_, err = client.GetProduct(t.Context(), &catalogv1.GetProductRequest{Id: "none"})
	if status.Code(err) != codes.NotFound || shoptest.Detail[*errdetails.ResourceInfo](t, err).ResourceName != "none" {
		t.Errorf("what does not exist: %v", err)
	}
}

func TestListProducts(t *testing.T) {
	client := serve(t)
	for _, tt := range []struct {
		req  *catalogv1.ListProductsRequest
		want string // pages
	}{
		{&catalogv1.ListProductsRequest{PageSize: 5}, "mug knife pan teapot tgpl, tpop atlas ebook spade rake, seeds hose bench"},
		{&catalogv1.ListProductsRequest{Category: catalogv1.Category_CATEGORY_BOOKS}, "tgpl tpop atlas ebook"},
		{&catalogv1.ListProductsRequest{Query: proto.String("GARDEN"), PageSize: 4}, "ebook seeds hose bench"},
		{&catalogv1.ListProductsRequest{Query: proto.String("garden"), Category: catalogv1.Category_CATEGORY_BOOKS}, "ebook"},
		{&catalogv1.ListProductsRequest{Query: proto.String("submarine")}, ""},
	} {
		var pages []string
		for {
			resp, err := client.ListProducts(t.Context(), tt.req)
			if err != nil {
				t.Fatal(err)
			}
			pages = append(pages, ids(resp.Products))
			if tt.req.PageToken = resp.NextPageToken; tt.req.PageToken == "" {
				break
			}
		}
		if got := strings.Join(pages, ", "); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.req, got, tt.want)
		}
	}
}

func TestListProducts_Errors(t *testing.T) {
	_, err := serve(t).ListProducts(t.Context(), &catalogv1.ListProductsRequest{PageSize: -1, PageToken: "none"})
	if status.Code(err) != codes.InvalidArgument {
		t.Fatal(err)
	}
	if got := shoptest.Detail[*errdetails.BadRequest](t, err).FieldViolations; len(got) != 2 {
		t.Errorf("violations: %v", got)
	}
}

func TestStreamProducts(t *testing.T) {
	stream, err := serve(t).StreamProducts(t.Context(), &catalogv1.StreamProductsRequest{Category: catalogv1.Category_CATEGORY_KITCHEN})
	if err != nil {
		t.Fatal(err)
	}
	var products []*catalogv1.Product
	for {
		p, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		products = append(products, p)
	}
	if got := ids(products); got != "mug knife pan teapot" {
		t.Errorf("got %q", got)
	}
}

func TestOpenCatalog_Errors(t *testing.T) {
	for text, want := range map[string]string{
		`{`: "unexpected EOF", `{"Things": []}`: "unknown field", `{"products": [{"id": "a", "price": 1}]}`: "product 0",
		`{"products": [{"id": "a"}, {"id": "a"}]}`: "product 1: id \"a\" is empty or used twice",
	} {
		file := filepath.Join(t.TempDir(), "products.json")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := openCatalog(file); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", text, err, want)
		}
	}
}
