package stock

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/emptypb"
	"google.golang.org/protobuf/types/known/timestamppb"

	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
)

// Service implements Inventory.
type Service struct {
	inventoryv1.UnimplementedInventoryServer
	store Store
}

// NewService returns a service on a store.
func NewService(store Store) *Service { return &Service{store: store} }

func (s *Service) Reserve(ctx context.Context, req *inventoryv1.ReserveRequest) (*inventoryv1.Reservation, error) {
	var wrong fault.Fields
	wrong.Check(req.GetOrderId() != "", "order_id", "is missing")
	wrong.Check(len(req.GetItems()) > 0, "items", "are missing")
	for _, product := range slices.Sorted(maps.Keys(req.GetItems())) {
		wrong.Check(req.Items[product] > 0, fmt.Sprintf("items[%q]", product), "must be above 0")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	left, err := s.store.Reserve(ctx, req.OrderId, req.Items)
	if short, ok := errors.AsType[ShortageError](err); ok {
		detail := &inventoryv1.Shortage{}
		for _, m := range short {
			detail.Items = append(detail.Items, &inventoryv1.Shortage_Item{ProductId: m.Product, Wanted: m.Wanted, Available: m.Available})
		}
		return nil, fault.New(codes.FailedPrecondition, short.Error(), detail)
	}
	if err != nil {
		return nil, internal(err)
	}
	return &inventoryv1.Reservation{OrderId: req.OrderId, ReservedAt: timestamppb.Now(), Left: left}, nil
}

func (s *Service) Release(ctx context.Context, req *inventoryv1.ReleaseRequest) (*emptypb.Empty, error) {
	if err := s.store.Release(ctx, req.GetOrderId()); err != nil {
		return nil, internal(err)
	}
	return &emptypb.Empty{}, nil
}

func (s *Service) Import(stream grpc.ClientStreamingServer[inventoryv1.StockLevel, inventoryv1.ImportSummary]) error {
	summary := &inventoryv1.ImportSummary{}
	for {
		level, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(summary)
		}
		if err != nil {
			return err
		}
		if level.GetProductId() == "" || level.GetAvailable() < 0 {
			summary.Rejected++
			continue
		}
		if err := s.store.SetLevel(stream.Context(), level.ProductId, level.Available); err != nil {
			return internal(err)
		}
		summary.Accepted++
		summary.Total += int64(level.Available)
	}
}

func (s *Service) Check(stream grpc.BidiStreamingServer[inventoryv1.CheckRequest, inventoryv1.StockLevel]) error {
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		available, err := s.store.Level(stream.Context(), req.GetProductId())
		if err != nil {
			return internal(err)
		}
		if err := stream.Send(&inventoryv1.StockLevel{ProductId: req.GetProductId(), Available: available}); err != nil {
			return err
		}
	}
}

// internal is the status of a call whose store has failed, or was interrupted by the end of the call.
func internal(err error) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return status.FromContextError(err).Err()
	}
	return status.Errorf(codes.Internal, "the store failed: %v", err)
}
