package main

import (
	"context"
	"iter"
	"slices"
	"strings"

	"google.golang.org/grpc"

	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
)

const (
	defaultPage = 10
	largestPage = 100
)

// catalog implements Catalog. It never changes.
type catalog struct {
	catalogv1.UnimplementedCatalogServer
	products []*catalogv1.Product
	byID     map[string]*catalogv1.Product
}

func (c *catalog) GetProduct(_ context.Context, req *catalogv1.GetProductRequest) (*catalogv1.Product, error) {
	if p := c.byID[req.GetId()]; p != nil {
		return p, nil
	}
	return nil, fault.NotFound("product", req.GetId())
}

func (c *catalog) ListProducts(_ context.Context, req *catalogv1.ListProductsRequest) (*catalogv1.ListProductsResponse, error) {
	var wrong fault.Fields
	wrong.Check(req.GetPageSize() >= 0, "page_size", "must not be negative")
	start := 0
	if token := req.GetPageToken(); token != "" {
		start = slices.IndexFunc(c.products, func(p *catalogv1.Product) bool { return p.Id == token })
		wrong.Check(start >= 0, "page_token", "is not one of an answer")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	size := min(int(req.GetPageSize()), largestPage)
	if size == 0 {
		size = defaultPage
	}
	resp := &catalogv1.ListProductsResponse{}
	for p := range matching(c.products[start:], req) {
		if len(resp.Products) == size {
			resp.NextPageToken = p.Id
			break
		}
		resp.Products = append(resp.Products, p)
	}
	return resp, nil
}

func (c *catalog) StreamProducts(req *catalogv1.StreamProductsRequest, stream grpc.ServerStreamingServer[catalogv1.Product]) error {
	for p := range matching(c.products, req) {
		if err := stream.Send(p); err != nil {
			return err
		}
	}
	return nil
}

// filter is what requests for several products have in common.
type filter interface {
	GetCategory() catalogv1.Category
	GetQuery() string
}

func matching[F filter](products []*catalogv1.Product, f F) iter.Seq[*catalogv1.Product] {
	query := strings.ToLower(f.GetQuery())
	return func(yield func(*catalogv1.Product) bool) {
		for _, p := range products {
			if c := f.GetCategory(); c != catalogv1.Category_CATEGORY_UNSPECIFIED && p.Category != c {
				continue
			}
			text := strings.ToLower(strings.Join(append([]string{p.Name, p.Description}, p.Tags...), "\n"))
			if strings.Contains(text, query) && !yield(p) {
				return
			}
		}
	}
}
