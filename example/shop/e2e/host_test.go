package e2e

import (
	"context"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/metadata"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	storefrontv1 "github.com/cofaas/cofaas/example/shop/api/shop/storefront/v1"
	"github.com/cofaas/cofaas/example/shop/internal/rig"
)

// TestRouting has the two functions that export one service told apart by what checkout dials.
func TestRouting(t *testing.T) {
	email, sms := commonv1.Channel_CHANNEL_EMAIL, commonv1.Channel_CHANNEL_SMS
	for _, tt := range []struct {
		name string
		args []string
		want []commonv1.Channel
	}{
		{"by name", nil, []commonv1.Channel{email, sms}},
		{"by port", []string{"-env", "checkout:MAILER_TARGET=localhost:7008", "-env", "checkout:SMS_TARGET=10.0.0.1:7009"}, []commonv1.Channel{email, sms}},
		{"unknown", []string{"-env", "checkout:SMS_TARGET=pager:1"}, []commonv1.Channel{email}},
		{"by flag", []string{"-env", "checkout:SMS_TARGET=pager:1", "-route", "pager:1=sms"}, []commonv1.Channel{email, sms}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			shop, log := host(t, "storefront", tt.args...)
			client := storefrontv1.NewStorefrontClient(dial(t, shop, "storefront"))
			ctx := as(t.Context(), "ada")
			if _, err := client.AddToCart(ctx, &cartv1.AddItemRequest{ProductId: "ebook", Quantity: 1}); err != nil {
				t.Fatal(err)
			}
			order, err := client.PlaceOrder(ctx, &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: good, Contact: both})
			if err != nil {
				t.Fatal(err)
			}
			var got []commonv1.Channel
			for _, d := range order.Notifications {
				got = append(got, d.Channel)
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("notified by %v, want %v", got, tt.want)
			}
			// What is logged before the answer may come after it.
			const complaint = "user was not notified"
			complains := len(tt.want) < 2
			for end := time.Now().Add(time.Minute); complains && !strings.Contains(log.String(), complaint) && time.Now().Before(end); {
				time.Sleep(20 * time.Millisecond)
			}
			if strings.Contains(log.String(), complaint) != complains {
				t.Errorf("does the log have %q?", complaint)
			}
		})
	}
}

var (
	span   = regexp.MustCompile(`\{"Name":"([^"]+)","SpanContext":\{"TraceID":"([0-9a-f]+)"`)
	server = regexp.MustCompile(`"SpanKind":(\d)`)
)

// spans returns the kinds and names of the spans of a trace that are logged, sorted.
func spans(log, trace string) []string {
	var list []string
	for line := range strings.Lines(strings.ReplaceAll(log, `\"`, `"`)) {
		m, kind := span.FindStringSubmatch(line), server.FindStringSubmatch(line)
		if m != nil && kind != nil && m[2] == trace {
			list = append(list, kind[1]+" "+m[1])
		}
	}
	slices.Sort(list)
	return list
}

// TestTraces follows a request through three functions.
func TestTraces(t *testing.T) {
	build(t)
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	seen := func(shop *rig.Shop, log *logs) []string {
		t.Helper()
		ctx := metadata.AppendToOutgoingContext(as(t.Context(), "ada"), "traceparent", "00-"+trace+"-00f067aa0ba902b7-01")
		client := storefrontv1.NewStorefrontClient(dial(t, shop, "storefront"))
		if _, err := client.AddToCart(ctx, &cartv1.AddItemRequest{ProductId: "mug", Quantity: 1}); err != nil {
			t.Fatal(err)
		}
		for end := time.Now().Add(3 * time.Minute); len(spans(log.String(), trace)) < 5 && time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		}
		return spans(log.String(), trace)
	}
	var args []string
	for _, function := range []string{"storefront", "cart", "catalog"} {
		args = append(args, "-env", function+":OTEL_TRACES_EXPORTER=console", "-env", function+":OTEL_BSP_SCHEDULE_DELAY=100")
	}
	t.Setenv("OTEL_TRACES_EXPORTER", "none")
	consolidated := seen(host(t, "storefront", args...))
	t.Setenv("OTEL_TRACES_EXPORTER", "console")
	t.Setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
	natively := seen(native(t))
	want := []string{
		"2 shop.cart.v1.CartService/AddItem", "2 shop.catalog.v1.Catalog/GetProduct", "2 shop.storefront.v1.Storefront/AddToCart",
		"3 shop.cart.v1.CartService/AddItem", "3 shop.catalog.v1.Catalog/GetProduct",
	}
	if !slices.Equal(natively, want) || !slices.Equal(consolidated, want) {
		t.Errorf("spans: natively %q, consolidated %q, want %q", natively, consolidated, want)
	}
}

// TestKeptNetworking has functions with networking of their own: where a host does not let them have it, they serve gRPC all the same.
func TestKeptNetworking(t *testing.T) {
	healthy := func(t *testing.T, admin string) {
		t.Helper()
		resp, err := http.Get(admin + "/healthz")
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "ok\n" {
			t.Errorf("got %q, %v", body, err)
		}
	}
	t.Run("native", func(t *testing.T) {
		shop, _ := native(t)
		healthy(t, shop.Admin)
	})
	t.Run("guest", func(t *testing.T) {
		address, _ := freePort(t)
		host(t, "storefront", "-env", "shipping:SHIPPING_HTTP=:9090", "-listen", "shipping:9090="+address)
		healthy(t, "http://"+address)
	})
	t.Run("exporter", func(t *testing.T) {
		shop, _ := host(t, "storefront", "-env", "storefront:OTEL_TRACES_EXPORTER=otlp", "-env", "storefront:OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1",
			"-env", "checkout:OTEL_TRACES_EXPORTER=otlp", "-env", "checkout:OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:1")
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
		defer cancel()
		client := storefrontv1.NewStorefrontClient(dial(t, shop, "storefront"))
		for range 20 {
			if got, err := client.GetProduct(ctx, &catalogv1.GetProductRequest{Id: "mug"}); err != nil || got.Id != "mug" {
				t.Fatalf("got %v, %v", got, err)
			}
		}
		if _, err := client.PlaceOrder(as(ctx, "ada"), &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: good}); err == nil {
			t.Error("an empty cart was ordered")
		}
	})
}
