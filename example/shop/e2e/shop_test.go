package e2e

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	_ "google.golang.org/genproto/googleapis/rpc/errdetails" // details of errors
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/metadata"
	reflectionpb "google.golang.org/grpc/reflection/grpc_reflection_v1"
	"google.golang.org/protobuf/proto"

	cartv1 "github.com/cofaas/cofaas/example/shop/api/shop/cart/v1"
	catalogv1 "github.com/cofaas/cofaas/example/shop/api/shop/catalog/v1"
	checkoutv1 "github.com/cofaas/cofaas/example/shop/api/shop/checkout/v1"
	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	inventoryv1 "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	shippingv1 "github.com/cofaas/cofaas/example/shop/api/shop/shipping/v1"
	storefrontv1 "github.com/cofaas/cofaas/example/shop/api/shop/storefront/v1"
	"github.com/cofaas/cofaas/example/shop/internal/rig"
)

// TestShop does the same with both shops, and compares the answers.
func TestShop(t *testing.T) {
	a, _ := native(t)
	b, _ := host(t, "storefront")
	want, got := newTranscript(), newTranscript()
	customer(t, want, a)
	customer(t, got, b)
	browser(t, want, a)
	browser(t, got, b)
	operator(t, want, a, "storefront")
	operator(t, got, b, "storefront")
	same(t, want, got)
	if n := len(want.lines); n < 60 {
		t.Errorf("only %d things were compared", n)
	}
	// What this test is for must have been in the answers of both.
	all := strings.Join(want.lines, "\n")
	for _, text := range []string{
		"CHANNEL_EMAIL", "CHANNEL_SMS", "KIND_SHIPPED", "KIND_FAILED", "shop.inventory.v1.Shortage", "google.rpc.BadRequest", "google.rpc.ErrorInfo",
		"google.rpc.ResourceInfo", "SERVING", "DeadlineExceeded", "STATE_PENDING", "CARRIER_FREIGHT",
	} {
		if !strings.Contains(all, text) {
			t.Errorf("%s is in no answer", text)
		}
	}
	if status, err := a.Get(t.Context(), "", "/v1/none"); err != nil || !strings.HasPrefix(status, "404 ") {
		t.Errorf("a path that does not exist: %s, %v", status, err)
	}
}

var (
	trondheim = &commonv1.Address{Name: "Ada", Lines: []string{"Munkegata 1"}, PostalCode: "7013", City: "Trondheim", CountryCode: "NO"}
	cardOf    = func(number string) *paymentv1.Method {
		return &paymentv1.Method{Kind: &paymentv1.Method_Card{Card: &paymentv1.Card{Number: number, ExpiryYear: 2099, ExpiryMonth: 1, Cvc: "123"}}}
	}
	good    = cardOf("4111111111111111")
	invoice = &paymentv1.Method{Kind: &paymentv1.Method_Invoice{Invoice: &paymentv1.Invoice{Reference: "r"}}}
	voucher = &paymentv1.Method{Kind: &paymentv1.Method_Voucher{Voucher: &paymentv1.Voucher{Code: "WELCOME"}}}
	both    = &checkoutv1.Contact{Email: proto.String("ada@example.com"), Phone: proto.String("+4712345678")}
)

// customer uses the storefront by gRPC.
func customer(t *testing.T, tr *transcript, shop *rig.Shop) {
	t.Helper()
	client := storefrontv1.NewStorefrontClient(dial(t, shop, "storefront"))
	ctx := t.Context()

	for page, token := 0, ""; page == 0 || token != ""; page++ {
		list, err := client.ListProducts(ctx, &catalogv1.ListProductsRequest{PageSize: 6, PageToken: token})
		tr.reply(fmt.Sprintf("page %d", page), list, err)
		token = list.GetNextPageToken()
	}
	list, err := client.ListProducts(ctx, &catalogv1.ListProductsRequest{PageSize: -1, PageToken: "none"})
	tr.reply("invalid page", list, err)
	for _, id := range []string{"hose", "ebook", "none", ""} {
		p, err := client.GetProduct(ctx, &catalogv1.GetProductRequest{Id: id})
		tr.reply("product "+id, p, err)
	}
	export, err := client.Export(ctx, &catalogv1.StreamProductsRequest{Query: proto.String("garden")})
	stream(tr, "export", export, err)
	expired, cancel := context.WithTimeout(ctx, 1)
	defer cancel()
	p, err := client.GetProduct(expired, &catalogv1.GetProductRequest{Id: "hose"})
	tr.reply("too late", p, err)

	add := func(user, id string, n int32) {
		cart, err := client.AddToCart(as(ctx, user), &cartv1.AddItemRequest{ProductId: id, Quantity: n})
		tr.reply(fmt.Sprintf("%s adds %d %s", user, n, id), cart, err)
	}
	cart, err := client.AddToCart(ctx, &cartv1.AddItemRequest{ProductId: "mug", Quantity: 1})
	tr.reply("nobody adds", cart, err)
	add("ada", "none", 1)
	add("ada", "mug", 0)
	order := func(user string, req *checkoutv1.PlaceOrderRequest) {
		cart, err := client.GetCart(as(ctx, user), &cartv1.GetCartRequest{})
		tr.reply("cart of "+user, cart, err)
		var trailer metadata.MD
		placed, err := client.PlaceOrder(as(ctx, user), req, grpc.Trailer(&trailer))
		tr.reply("order of "+user, placed, err)
		for _, id := range trailer.Get("x-order-id") { // of what failed, too
			events, err := client.FollowOrder(ctx, &checkoutv1.FollowOrderRequest{OrderId: id})
			stream(tr, "events of "+user, events, err)
		}
		cart, err = client.GetCart(as(ctx, user), &cartv1.GetCartRequest{})
		tr.reply("cart of "+user+" afterwards", cart, err)
	}
	order("empty", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: good})
	add("ada", "mug", 2)
	add("ada", "tpop", 1)
	add("ada", "mug", 1)
	order("ada", &checkoutv1.PlaceOrderRequest{Payment: &paymentv1.Method{}})
	order("ada", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: voucher, Contact: both})
	order("ada", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: cardOf("4111111111111112"), Contact: both})
	order("ada", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: cardOf("4000000000000002"), Contact: both})
	order("ada", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: good, Contact: both})
	add("bob", "teapot", 1)
	add("bob", "bench", 4)
	order("bob", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: good})
	add("cecilie", "bench", 3)
	order("cecilie", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: invoice, Carrier: shippingv1.Carrier_CARRIER_PIGEON.Enum()})
	order("cecilie", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: invoice, Contact: &checkoutv1.Contact{Email: proto.String("no address")}})
	add("dan", "ebook", 99)
	add("dan", "ebook", 1)
	order("dan", &checkoutv1.PlaceOrderRequest{Address: trondheim, Payment: good, Contact: &checkoutv1.Contact{Phone: proto.String("+4787654321")}})
	events, err := client.FollowOrder(ctx, &checkoutv1.FollowOrderRequest{OrderId: "none"})
	stream(tr, "events of no order", events, err)
}

// browser uses the gateway.
func browser(t *testing.T, tr *transcript, shop *rig.Shop) {
	t.Helper()
	request := func(method func(context.Context) (string, error), what string) string {
		answer, err := method(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tr.add(what, answer)
		_, body, _ := strings.Cut(answer, " ")
		return body
	}
	get := func(path string) {
		request(func(ctx context.Context) (string, error) { return shop.Get(ctx, "eve", path) }, "GET "+path)
	}
	post := func(path, body string) string {
		return request(func(ctx context.Context) (string, error) { return shop.Post(ctx, "eve", path, body) }, "POST "+path)
	}
	get("/v1/products?category=CATEGORY_BOOKS&query=kernighan")
	get("/v1/products/none")
	get("/v1/products:export?query=steel")
	post("/v1/cart/items", `{"productId": "seeds", "quantity": 3}`)
	post("/v1/cart/items", `{"productId": "seeds", "quantity": "many"}`)
	get("/v1/cart")
	body := post("/v1/orders", `{
		"address": {"city": "Uppsala", "countryCode": "SE"}, "contact": {"email": "Eve <eve@example.com>"},
		"payment": {"card": {"number": "4111111111111111", "expiryYear": 2099, "expiryMonth": 12, "cvc": "000"}}
	}`)
	var placed struct{ ID string }
	if err := json.Unmarshal([]byte(body), &placed); err != nil {
		t.Fatalf("%v: %s", err, body)
	}
	events := request(func(ctx context.Context) (string, error) {
		return shop.Get(ctx, "eve", "/v1/orders/"+placed.ID+"/events")
	}, "GET events")
	if !strings.Contains(events, "KIND_SHIPPED") {
		t.Errorf("events of an order by HTTP: %s", events)
	}
	post("/v1/orders", `{}`)
}

// operator asks a function how it is.
func operator(t *testing.T, tr *transcript, shop *rig.Shop, function string) {
	t.Helper()
	conn := dial(t, shop, function)
	names := services(t, conn)
	tr.add("services", strings.Join(names, " "))
	for _, service := range append(names, "", "none") {
		got, err := healthpb.NewHealthClient(conn).Check(t.Context(), &healthpb.HealthCheckRequest{Service: service})
		tr.reply("health of "+service, got, err)
	}
}

// services asks by reflection what a server has.
func services(t *testing.T, conn *grpc.ClientConn) []string {
	t.Helper()
	s, err := reflectionpb.NewServerReflectionClient(conn).ServerReflectionInfo(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	list := &reflectionpb.ServerReflectionRequest{MessageRequest: &reflectionpb.ServerReflectionRequest_ListServices{}}
	if err := errors.Join(s.Send(list), s.CloseSend()); err != nil {
		t.Fatal(err)
	}
	resp, err := s.Recv()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, service := range resp.GetListServicesResponse().GetService() {
		names = append(names, service.Name)
	}
	if _, err := s.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the end of reflection: %v", err)
	}
	slices.Sort(names)
	return names
}

// TestInventory uses a function alone, and both kinds of streams that the storefront has not.
func TestInventory(t *testing.T) {
	a, _ := native(t)
	b, _ := host(t, "inventory")
	want, got := newTranscript(), newTranscript()
	warehouse(t, want, a)
	warehouse(t, got, b)
	operator(t, want, a, "inventory")
	operator(t, got, b, "inventory")
	same(t, want, got)
}

func warehouse(t *testing.T, tr *transcript, shop *rig.Shop) {
	t.Helper()
	client := inventoryv1.NewInventoryClient(dial(t, shop, "inventory"))
	in, err := client.Import(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i := range int32(500) {
		if err := in.Send(&inventoryv1.StockLevel{ProductId: fmt.Sprint("product-", i), Available: i - 3}); err != nil {
			t.Fatal(err)
		}
	}
	summary, err := in.CloseAndRecv()
	tr.reply("import", summary, err)

	check, err := client.Check(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"mug", "teapot", "none", "product-2", "product-499"} {
		if err := check.Send(&inventoryv1.CheckRequest{ProductId: id}); err != nil {
			t.Fatal(err)
		}
		level, err := check.Recv()
		tr.reply("check", level, err)
	}
	if err := check.CloseSend(); err != nil {
		t.Fatal(err)
	}
	if _, err := check.Recv(); !errors.Is(err, io.EOF) {
		t.Errorf("the end of a conversation: %v", err)
	}
	for _, items := range []map[string]int32{nil, {"mug": -1, "pan": 0}, {"mug": 20, "product-499": 496}, {"mug": 6, "pan": 1, "teapot": 2}} {
		r, err := client.Reserve(t.Context(), &inventoryv1.ReserveRequest{OrderId: fmt.Sprint(len(items)), Items: items})
		tr.reply("reserve", r, err)
	}
	released, err := client.Release(t.Context(), &inventoryv1.ReleaseRequest{OrderId: "2"})
	tr.reply("release", released, err)
}
