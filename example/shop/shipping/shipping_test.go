package main

import (
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	shippingv1 "github.com/cofaas/cofaas/example/shop/api/shop/shipping/v1"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

func serve(t *testing.T) shippingv1.ShippingClient {
	return shippingv1.NewShippingClient(shoptest.Serve(t, func(s *grpc.Server) { shippingv1.RegisterShippingServer(s, newShipping("NO")) }))
}

func address(country string) *commonv1.Address {
	return &commonv1.Address{City: "Oslo", CountryCode: country}
}

func TestQuote(t *testing.T) {
	client := serve(t)
	for _, tt := range []struct {
		grams   int64
		country string
		carrier *shippingv1.Carrier
		want    string
	}{
		{100, "NO", nil, "CARRIER_PIGEON EUR 4.90 24h0m0s"},
		{100, "NO", shippingv1.Carrier_CARRIER_POST.Enum(), "CARRIER_POST EUR 5.02 72h0m0s"},
		{151, "NO", nil, "CARRIER_POST EUR 5.08 72h0m0s"},
		{20_000, "SE", nil, "CARRIER_POST EUR 57.80 168h0m0s"},
		{20_001, "SE", nil, "CARRIER_FREIGHT EUR 102.00 312h0m0s"},
	} {
		got, err := client.Quote(t.Context(), &shippingv1.QuoteRequest{Address: address(tt.country), WeightGrams: tt.grams, Carrier: tt.carrier})
		if err != nil {
			t.Errorf("%d g: %v", tt.grams, err)
			continue
		}
		if text := got.Carrier.String() + " " + money.Format(got.Cost) + " " + got.Takes.AsDuration().String(); text != tt.want {
			t.Errorf("%d g to %s: got %s, want %s", tt.grams, tt.country, text, tt.want)
		}
	}
}

func TestQuote_Errors(t *testing.T) {
	client := serve(t)
	for _, tt := range []struct {
		req  *shippingv1.QuoteRequest
		want codes.Code
	}{
		{&shippingv1.QuoteRequest{}, codes.InvalidArgument},
		{&shippingv1.QuoteRequest{Address: address("Norway")}, codes.InvalidArgument},
		{&shippingv1.QuoteRequest{Address: address("NO"), WeightGrams: -1}, codes.InvalidArgument},
		{&shippingv1.QuoteRequest{Address: address("NO"), WeightGrams: 3_000_000}, codes.OutOfRange},
		{&shippingv1.QuoteRequest{Address: address("NO"), WeightGrams: 200, Carrier: shippingv1.Carrier_CARRIER_PIGEON.Enum()}, codes.OutOfRange},
	} {
		if _, err := client.Quote(t.Context(), tt.req); status.Code(err) != tt.want {
			t.Errorf("%v: %v, want %v", tt.req, err, tt.want)
		}
	}
}

func TestTrack(t *testing.T) {
	client := serve(t)
	shipment, err := client.Ship(t.Context(), &shippingv1.ShipRequest{OrderId: "o", Address: address("NO"), WeightGrams: 500})
	if err != nil {
		t.Fatal(err)
	}
	stream, err := client.Track(t.Context(), &shippingv1.TrackRequest{TrackingId: shipment.TrackingId})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, event.What+" "+event.Place.GetValue())
	}
	if text := strings.Join(got, ", "); text != "accepted for order o , handed to CARRIER_POST NO" {
		t.Errorf("got %s", text)
	}
	stream, err = client.Track(t.Context(), &shippingv1.TrackRequest{TrackingId: "none"})
	if err == nil {
		_, err = stream.Recv()
	}
	if status.Code(err) != codes.NotFound {
		t.Errorf("an unknown shipment: %v", err)
	}
}

func TestAdmin(t *testing.T) {
	m := newMetrics()
	m.count("/shop.shipping.v1.Shipping/Ship", status.Error(codes.OutOfRange, "too heavy"))
	server := httptest.NewServer(adminHandler(m))
	defer server.Close()
	for path, want := range map[string]string{
		"/healthz": "ok\n", "/metrics": `shipping_calls_total{code="OutOfRange",method="/shop.shipping.v1.Shipping/Ship"} 1`,
	} {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		if body, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(body), want) {
			t.Errorf("%s: %s, %v", path, body, err)
		}
	}
	if _, err := serveAdmin("nonsense", m, slog.New(slog.DiscardHandler)); err == nil {
		t.Error("no error for an address that is none")
	}
}
