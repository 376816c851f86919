package main

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/dialer"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/shoptest"
)

// serve serves as main does, on a day in 2026, and returns a client with the options.
func serve(t *testing.T, records *[]string, client ...dialer.Option) paymentv1.PaymentClient {
	t.Helper()
	p := newPayment(func(what, _, amount string) { *records = append(*records, what+" "+amount) })
	p.now = func() time.Time { return time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC) }
	opts := bootstrap.ServerOptions(slog.New(slog.DiscardHandler), interceptors.Bearer("secret"))
	dial := shoptest.Listen(t, func(s *grpc.Server) { paymentv1.RegisterPaymentServer(s, p) }, opts...)
	return paymentv1.NewPaymentClient(dial(client...))
}

func authorized(t *testing.T, records *[]string) paymentv1.PaymentClient {
	t.Helper()
	return serve(t, records, dialer.WithToken("secret"))
}

func card(number string) *paymentv1.Method {
	return &paymentv1.Method{Kind: &paymentv1.Method_Card{Card: &paymentv1.Card{Number: number, ExpiryYear: 2026, ExpiryMonth: 11, Cvc: "123"}}}
}

func TestCharge(t *testing.T) {
	var records []string
	client := authorized(t, &records)
	for _, tt := range []struct {
		method  *paymentv1.Method
		display string
		state   paymentv1.State
	}{
		{card("4111111111111111"), "card ending in 1111", paymentv1.State_STATE_CHARGED},
		{&paymentv1.Method{Kind: &paymentv1.Method_Voucher{Voucher: &paymentv1.Voucher{Code: "WELCOME"}}}, "voucher WELCOME", paymentv1.State_STATE_CHARGED},
		{&paymentv1.Method{Kind: &paymentv1.Method_Invoice{Invoice: &paymentv1.Invoice{Reference: "ada"}}}, "invoice ada", paymentv1.State_STATE_PENDING},
	} {
		req := &paymentv1.ChargeRequest{IdempotencyKey: tt.display, Amount: money.New("EUR", 4999), Method: tt.method}
		first, err := client.Charge(t.Context(), req)
		if err != nil || first.Display != tt.display || first.State != tt.state || !proto.Equal(first.Amount, req.Amount) {
			t.Errorf("got %v, %v", first, err)
		}
		if second, err := client.Charge(t.Context(), req); err != nil || !proto.Equal(first, second) {
			t.Errorf("the same key: %v, %v", second, err)
		}
		for range 2 {
			refund, err := client.Refund(t.Context(), &paymentv1.RefundRequest{ReceiptId: first.Id})
			if err != nil || refund.State != paymentv1.State_STATE_REFUNDED || refund.Id != first.Id {
				t.Errorf("refund: %v, %v", refund, err)
			}
		}
	}
	if got, want := strings.Join(records, ", "), strings.TrimSuffix(strings.Repeat("charge EUR 49.99, refund EUR 49.99, ", 3), ", "); got != want {
		t.Errorf("recorded %s, want %s", got, want)
	}
}

func TestCharge_Invalid(t *testing.T) {
	var records []string
	client := authorized(t, &records)
	expired := card("4111111111111111")
	expired.GetCard().ExpiryMonth = 10
	for _, tt := range []struct {
		req  *paymentv1.ChargeRequest
		want []string
	}{
		{&paymentv1.ChargeRequest{}, []string{"idempotency_key", "amount", "amount.currency_code", "method"}},
		{&paymentv1.ChargeRequest{IdempotencyKey: "k", Amount: money.New("EUR", 1), Method: card("4111111111111112")}, []string{"method.card.number"}},
		{&paymentv1.ChargeRequest{IdempotencyKey: "k", Amount: money.New("EUR", 1), Method: card("")}, []string{"method.card.number"}},
		{&paymentv1.ChargeRequest{IdempotencyKey: "k", Amount: money.New("EUR", 1), Method: expired}, []string{"method.card.expiry_year"}},
	} {
		_, err := client.Charge(t.Context(), tt.req)
		if status.Code(err) != codes.InvalidArgument {
			t.Errorf("%v: %v", tt.req, err)
			continue
		}
		var got []string
		for _, v := range shoptest.Detail[*errdetails.BadRequest](t, err).FieldViolations {
			got = append(got, v.Field)
		}
		if strings.Join(got, " ") != strings.Join(tt.want, " ") {
			t.Errorf("%v: violations of %v, want %v", tt.req, got, tt.want)
		}
	}
}

func TestCharge_Declined(t *testing.T) {
	var records []string
	client := authorized(t, &records)
	voucher := &paymentv1.Method{Kind: &paymentv1.Method_Voucher{Voucher: &paymentv1.Voucher{Code: "WELCOME"}}}
	for want, method := range map[string]*paymentv1.Method{"CARD_DECLINED": card("4000000000000002"), "VOUCHER_TOO_SMALL": voucher} {
		_, err := client.Charge(t.Context(), &paymentv1.ChargeRequest{IdempotencyKey: "k", Amount: money.New("EUR", 5001), Method: method})
		if status.Code(err) != codes.FailedPrecondition || shoptest.Detail[*errdetails.ErrorInfo](t, err).Reason != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if len(records) > 0 {
		t.Errorf("recorded %v", records)
	}
}

func TestAuthentication(t *testing.T) {
	var records []string
	if _, err := serve(t, &records).Refund(t.Context(), &paymentv1.RefundRequest{}); status.Code(err) != codes.Unauthenticated {
		t.Errorf("without a token: %v", err)
	}
	if _, err := authorized(t, &records).Refund(t.Context(), &paymentv1.RefundRequest{ReceiptId: "none"}); status.Code(err) != codes.NotFound {
		t.Errorf("with a token: %v", err)
	}
}

func TestNewAudit_Errors(t *testing.T) {
	if _, err := newAudit("paper", slog.Default()); err == nil {
		t.Error("no error for an unknown kind")
	}
	if err := run(t.Context(), "127.0.0.1:0", "log", ""); err == nil || !strings.Contains(err.Error(), "PAYMENT_TOKEN") {
		t.Errorf("without a token: %v", err)
	}
}
