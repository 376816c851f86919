package main

import (
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

func TestSend(t *testing.T) {
	client := notifyv1.NewNotifierClient(shoptest.Serve(t, func(s *grpc.Server) { notifyv1.RegisterNotifierServer(s, &sms{sender: "Shop"}) }))
	confirmation := &notifyv1.OrderConfirmation{OrderId: "ord-1", Total: money.New("EUR", 100)}
	for _, tt := range []struct {
		req  *notifyv1.SendRequest
		want string
	}{
		{&notifyv1.SendRequest{Recipient: "+4712345678", Content: &notifyv1.SendRequest_Text{Text: "Hei"}}, "Shop: Hei"},
		{&notifyv1.SendRequest{Recipient: "+4712345678", Content: &notifyv1.SendRequest_Confirmation{Confirmation: confirmation}},
			"Shop: thank you for order ord-1 of EUR 1.00."},
	} {
		got, err := client.Send(t.Context(), tt.req)
		if err != nil || got.Body != tt.want {
			t.Errorf("got %v, %v, want %s", got, err, tt.want)
		}
	}
	long, err := client.Send(t.Context(), &notifyv1.SendRequest{
		Recipient: "+4712345678", Content: &notifyv1.SendRequest_Text{Text: strings.Repeat("å", 200)},
	})
	if err != nil || utf8.RuneCountInString(long.Body) != longest {
		t.Errorf("a long text: %v, %v", long, err)
	}
	for _, req := range []*notifyv1.SendRequest{{Recipient: "+4712345678"}, {Recipient: "12345678", Content: &notifyv1.SendRequest_Text{Text: "Hei"}}} {
		if _, err := client.Send(t.Context(), req); status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", req, err)
		}
	}
}
