// Package api holds the interfaces of the shop, a folder for each service. It has no code of its own.
package api

//go:generate go run -C ../../../internal/protogen . -gateway -dir ../../example/shop/api shop/common/v1/common.proto shop/catalog/v1/catalog.proto shop/cart/v1/cart.proto shop/inventory/v1/inventory.proto shop/payment/v1/payment.proto shop/shipping/v1/shipping.proto shop/notify/v1/notify.proto shop/checkout/v1/checkout.proto shop/storefront/v1/storefront.proto
