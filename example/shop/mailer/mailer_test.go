package main

import (
	"flag"
	"testing"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

func serve(t *testing.T) notifyv1.NotifierClient {
	t.Helper()
	m, err := newMailer("shop@example.com")
	if err != nil {
		t.Fatal(err)
	}
	return notifyv1.NewNotifierClient(shoptest.Serve(t, func(s *grpc.Server) { notifyv1.RegisterNotifierServer(s, m) }))
}

func TestSend(t *testing.T) {
	client := serve(t)
	for _, tt := range []struct {
		req  *notifyv1.SendRequest
		want string
	}{
		{&notifyv1.SendRequest{
			Recipient: "Ada <ada@example.com>", Headers: map[string]string{"Subject": "Your order", "Reply-To": "help@example.com"},
			Content: &notifyv1.SendRequest_Confirmation{Confirmation: &notifyv1.OrderConfirmation{
				OrderId: "ord-1", Total: money.New("EUR", 2580), Lines: []*notifyv1.OrderConfirmation_Line{{Name: "Mug", Quantity: 2}},
			}},
		}, "From: shop@example.com\nTo: \"Ada\" <ada@example.com>\nReply-To: help@example.com\nSubject: Your order\n\n" +
			"Thank you for order ord-1.\n\n    2 x Mug\n\nTotal: EUR 25.80\n-- \nThe shop\n\n"},
		{&notifyv1.SendRequest{Recipient: "ada@example.com", Content: &notifyv1.SendRequest_Text{Text: "Hello"}},
			"From: shop@example.com\nTo: <ada@example.com>\n\nHello\n-- \nThe shop\n\n"},
	} {
		got, err := client.Send(t.Context(), tt.req)
		if err != nil || got.Channel != commonv1.Channel_CHANNEL_EMAIL || got.Recipient != "ada@example.com" || got.Body != tt.want {
			t.Errorf("got %q, %v, want %q", got.GetBody(), err, tt.want)
		}
	}
}

func TestSend_Errors(t *testing.T) {
	_, err := serve(t).Send(t.Context(), &notifyv1.SendRequest{Recipient: "nobody", Headers: map[string]string{"Subject": "a\nBcc: all"}})
	if status.Code(err) != codes.InvalidArgument || len(shoptest.Detail[*errdetails.BadRequest](t, err).FieldViolations) != 3 {
		t.Error(err)
	}
}

func TestOptions(t *testing.T) {
	t.Setenv("MAILER_PORT", "1234")
	t.Setenv("MAILER_FROM", "env@example.com")
	var o options
	set := flag.NewFlagSet("mailer", flag.ContinueOnError)
	o.register(set)
	if err := environ(set); err != nil {
		t.Fatal(err)
	}
	if err := set.Parse([]string{"-from", "flag@example.com"}); err != nil {
		t.Fatal(err)
	}
	if want := (options{"", "1234", "flag@example.com"}); o != want {
		t.Errorf("got %+v, want %+v", o, want)
	}
}
