package stock

import (
	"context"
	"errors"
	"os"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

// stores are what is tested: memory, and the database SHOP_TEST_DATABASE_URL if there is one, whose tables are lost.
func stores(t *testing.T) map[string]Store {
	memory, err := NewMemory()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]Store{"memory": memory}
	if url := os.Getenv("SHOP_TEST_DATABASE_URL"); url != "" {
		db, err := OpenPostgres(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := db.db.ExecContext(context.Background(), `DROP TABLE reservations, levels`); err != nil {
				t.Error(err)
			}
			db.Close()
		})
		all["postgres"] = db
	}
	return all
}

func each(t *testing.T, test func(t *testing.T, client inventoryv1.InventoryClient)) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			test(t, inventoryv1.NewInventoryClient(shoptest.Serve(t, func(s *grpc.Server) {
				inventoryv1.RegisterInventoryServer(s, NewService(store))
			})))
		})
	}
}

// levels asks for each product in turn, on one stream.
func levels(t *testing.T, client inventoryv1.InventoryClient, products ...string) []int32 {
	t.Helper()
	stream, err := client.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []int32
	for _, p := range products {
		if err := stream.Send(&inventoryv1.CheckRequest{ProductId: p}); err != nil {
			t.Fatal(err)
		}
		level, err := stream.Recv()
		if err != nil || level.ProductId != p {
			t.Fatalf("%s: %v, %v", p, level, err)
		}
		got = append(got, level.Available)
	}
	if err := stream.CloseSend(); err != nil {
		t.Fatal(err)
	}
	return got
}

func TestReserve(t *testing.T) {
	each(t, func(t *testing.T, client inventoryv1.InventoryClient) {
		req := &inventoryv1.ReserveRequest{OrderId: "1", Items: map[string]int32{"mug": 5, "bench": 3}}
		for range 2 { // the second time, the order has it
			got, err := client.Reserve(t.Context(), req)
			if err != nil || got.Left["mug"] != 20 || got.Left["bench"] != 0 || len(got.Left) != 2 {
				t.Fatalf("got %v, %v", got, err)
			}
		}
		_, err := client.Reserve(t.Context(), &inventoryv1.ReserveRequest{OrderId: "2", Items: map[string]int32{"mug": 1, "bench": 2, "none": 1}})
		want := &inventoryv1.Shortage{Items: []*inventoryv1.Shortage_Item{{ProductId: "bench", Wanted: 2}, {ProductId: "none", Wanted: 1}}}
		if got := shoptest.Detail[*inventoryv1.Shortage](t, err); status.Code(err) != codes.FailedPrecondition || !proto.Equal(got, want) {
			t.Errorf("shortage: %v, %v", got, err)
		}
		if got := levels(t, client, "mug", "bench", "none"); got[0] != 20 || got[1] != 0 || got[2] != 0 {
			t.Errorf("levels after a shortage: %d", got)
		}
		for range 2 { // there is nothing to give back the second time
			if _, err := client.Release(t.Context(), &inventoryv1.ReleaseRequest{OrderId: "1"}); err != nil {
				t.Fatal(err)
			}
		}
		if got := levels(t, client, "mug", "bench"); got[0] != 25 || got[1] != 3 {
			t.Errorf("levels after a release: %d", got)
		}
	})
}

func TestReserve_Errors(t *testing.T) {
	each(t, func(t *testing.T, client inventoryv1.InventoryClient) {
		for _, req := range []*inventoryv1.ReserveRequest{
			{}, {OrderId: "1"}, {Items: map[string]int32{"mug": 1}}, {OrderId: "1", Items: map[string]int32{"mug": 0}},
		} {
			if _, err := client.Reserve(t.Context(), req); status.Code(err) != codes.InvalidArgument {
				t.Errorf("%v: %v", req, err)
			}
		}
	})
}

func TestImport(t *testing.T) {
	each(t, func(t *testing.T, client inventoryv1.InventoryClient) {
		stream, err := client.Import(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, level := range []*inventoryv1.StockLevel{
			{ProductId: "mug", Available: 7}, {ProductId: "new", Available: 1000}, {Available: 3}, {ProductId: "mug", Available: -1},
		} {
			if err := stream.Send(level); err != nil {
				t.Fatal(err)
			}
		}
		got, err := stream.CloseAndRecv()
		if want := (&inventoryv1.ImportSummary{Accepted: 2, Rejected: 2, Total: 1007}); err != nil || !proto.Equal(got, want) {
			t.Errorf("got %v, %v", got, err)
		}
		if got := levels(t, client, "mug", "new"); got[0] != 7 || got[1] != 1000 {
			t.Errorf("levels: %d", got)
		}
	})
}

// broken is a store that fails.
type broken struct {
	Store
	err error
}

func (b broken) Release(context.Context, string) error { return b.err }

func TestBrokenStore(t *testing.T) {
	for want, err := range map[codes.Code]error{
		codes.Internal: errors.New("disk full"), codes.Canceled: context.Canceled, codes.DeadlineExceeded: context.DeadlineExceeded,
	} {
		_, got := NewService(broken{err: err}).Release(t.Context(), &inventoryv1.ReleaseRequest{})
		if status.Code(got) != want {
			t.Errorf("%v: %v", err, got)
		}
	}
}
