package main

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"

	"google.golang.org/protobuf/encoding/protojson"

	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
)

//go:embed products.json
var builtin []byte

// openCatalog reads a file of products, or the built-in one.
func openCatalog(file string) (*catalog, error) {
	text := builtin
	if file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	}
	var list struct{ Products []json.RawMessage }
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return nil, fmt.Errorf("products: %w", err)
	}
	c := &catalog{byID: make(map[string]*catalogv1.Product)}
	for i, raw := range list.Products {
		p := new(catalogv1.Product)
		if err := protojson.Unmarshal(raw, p); err != nil {
			return nil, fmt.Errorf("product %d: %w", i, err)
		}
		if p.Id == "" || c.byID[p.Id] != nil {
			return nil, fmt.Errorf("product %d: id %q is empty or used twice", i, p.Id)
		}
		c.byID[p.Id] = p
		c.products = append(c.products, p)
	}
	return c, nil
}
