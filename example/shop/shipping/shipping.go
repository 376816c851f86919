package main

import (
	"context"
	"crypto/rand"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	shippingv1 "github.com/cofaas/cofaas/example/shop/api/shop/shipping/v1"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/ttl"
)

// tariff is what a carrier takes, in hundredths of a euro.
type tariff struct {
	carrier     shippingv1.Carrier
	base, perKG int64
	most        int64 // grams
	days        int
}

// tariffs are the carriers, the cheapest first.
var tariffs = []tariff{
	{shippingv1.Carrier_CARRIER_PIGEON, 90, 4000, 150, 1},
	{shippingv1.Carrier_CARRIER_POST, 490, 120, 20_000, 3},
	{shippingv1.Carrier_CARRIER_FREIGHT, 3900, 60, 2_000_000, 9},
}

// shipping implements Shipping. It remembers its shipments for a month.
type shipping struct {
	shippingv1.UnimplementedShippingServer
	origin    string
	shipments *ttl.Map[string, []*shippingv1.TrackingEvent]
}

func newShipping(origin string) *shipping {
	return &shipping{origin: origin, shipments: ttl.New[string, []*shippingv1.TrackingEvent](30 * 24 * time.Hour)}
}

func (s *shipping) Quote(_ context.Context, req *shippingv1.QuoteRequest) (*shippingv1.QuoteResponse, error) {
	t, abroad, err := s.choose(req.GetAddress(), req.GetWeightGrams(), req.Carrier)
	if err != nil {
		return nil, err
	}
	return &shippingv1.QuoteResponse{
		Carrier: t.carrier,
		Cost:    money.New("EUR", t.cost(req.GetWeightGrams(), abroad)),
		Takes:   durationpb.New(t.takes(abroad)),
	}, nil
}

func (s *shipping) choose(to *commonv1.Address, grams int64, carrier *shippingv1.Carrier) (t tariff, abroad bool, err error) {
	var wrong fault.Fields
	wrong.Check(grams >= 0, "weight_grams", "must not be negative")
	wrong.Check(len(to.GetCountryCode()) == 2, "address.country_code", "must have two letters")
	wrong.Check(to.GetCity() != "", "address.city", "is missing")
	if err := wrong.Err(); err != nil {
		return t, false, err
	}
	for _, t := range tariffs {
		if grams <= t.most && (carrier == nil || *carrier == t.carrier) {
			return t, to.GetCountryCode() != s.origin, nil
		}
	}
	return t, false, status.Errorf(codes.OutOfRange, "nobody carries %d g", grams)
}

func (t tariff) cost(grams int64, abroad bool) int64 {
	cents := t.base + t.perKG*grams/1000
	if abroad {
		cents *= 2
	}
	return cents
}

func (t tariff) takes(abroad bool) time.Duration {
	days := t.days
	if abroad {
		days += 4
	}
	return time.Duration(days) * 24 * time.Hour
}

func (s *shipping) Ship(_ context.Context, req *shippingv1.ShipRequest) (*shippingv1.Shipment, error) {
	if req.GetOrderId() == "" {
		return nil, status.Error(codes.InvalidArgument, "order_id is missing")
	}
	t, abroad, err := s.choose(req.GetAddress(), req.GetWeightGrams(), req.Carrier)
	if err != nil {
		return nil, err
	}
	now := time.Now()
	shipment := &shippingv1.Shipment{
		TrackingId: "trk-" + rand.Text(), Carrier: t.carrier, ArrivesAt: timestamppb.New(now.Add(t.takes(abroad))),
	}
	events := []*shippingv1.TrackingEvent{
		{What: "accepted for order " + req.OrderId, At: timestamppb.New(now)},
		{What: "handed to " + t.carrier.String(), At: timestamppb.New(now), Place: wrapperspb.String(s.origin)},
	}
	_, err = s.shipments.Update(shipment.TrackingId, func([]*shippingv1.TrackingEvent) ([]*shippingv1.TrackingEvent, error) { return events, nil })
	return shipment, err
}

func (s *shipping) Track(req *shippingv1.TrackRequest, stream grpc.ServerStreamingServer[shippingv1.TrackingEvent]) error {
	events, ok := s.shipments.Get(req.GetTrackingId())
	if !ok {
		return fault.NotFound("shipment", req.GetTrackingId())
	}
	for _, e := range events {
		if err := stream.Send(e); err != nil {
			return err
		}
	}
	return nil
}
