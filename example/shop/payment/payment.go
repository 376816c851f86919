package main

import (
	"context"
	"crypto/rand"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	paymentv1 "github.com/cofaas/cofaas/example/shop/api/shop/payment/v1"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
	"github.com/cofaas/cofaas/example/shop/internal/money"
	"github.com/cofaas/cofaas/example/shop/internal/ttl"
)

const (
	// keep is how long a key is known to have been used.
	keep = 24 * time.Hour
	// voucherLimit is what a voucher is worth, in hundredths.
	voucherLimit = 5000
)

// payment implements Payment. It is a test provider: it moves nothing, declines what says so, and forgets all when it ends.
type payment struct {
	paymentv1.UnimplementedPaymentServer
	audit    audit
	byKey    *ttl.Map[string, *paymentv1.Receipt]
	receipts *ttl.Map[string, *paymentv1.Receipt]
	now      func() time.Time
}

func newPayment(audit audit) *payment {
	return &payment{
		audit:    audit,
		byKey:    ttl.New[string, *paymentv1.Receipt](keep),
		receipts: ttl.New[string, *paymentv1.Receipt](keep),
		now:      time.Now,
	}
}

func (p *payment) Charge(_ context.Context, req *paymentv1.ChargeRequest) (*paymentv1.Receipt, error) {
	var wrong fault.Fields
	wrong.Check(req.GetIdempotencyKey() != "", "idempotency_key", "is missing")
	wrong.Check(money.Cents(req.GetAmount()) > 0, "amount", "must be above 0")
	wrong.Check(len(req.GetAmount().GetCurrencyCode()) == 3, "amount.currency_code", "must have three letters")
	display, state := p.check(req.GetMethod(), &wrong)
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	return p.byKey.Update(req.IdempotencyKey, func(before *paymentv1.Receipt) (*paymentv1.Receipt, error) {
		if before != nil {
			return before, nil
		}
		if err := declined(req); err != nil {
			return nil, err
		}
		receipt := &paymentv1.Receipt{
			Id: "pay-" + rand.Text(), State: state, Amount: req.Amount, Display: display, At: timestamppb.New(p.now()),
		}
		_, err := p.receipts.Update(receipt.Id, func(*paymentv1.Receipt) (*paymentv1.Receipt, error) { return receipt, nil })
		p.audit("charge", receipt.Id, money.Format(req.Amount))
		return receipt, err
	})
}

// check says what a receipt shows of a method, and which state a payment has at first.
func (p *payment) check(method *paymentv1.Method, wrong *fault.Fields) (display string, state paymentv1.State) {
	switch kind := method.GetKind().(type) {
	case *paymentv1.Method_Card:
		number := kind.Card.GetNumber()
		wrong.Check(luhn(number), "method.card.number", "is not a card's number")
		expires := time.Date(int(kind.Card.GetExpiryYear()), time.Month(kind.Card.GetExpiryMonth())+1, 1, 0, 0, 0, 0, time.UTC)
		wrong.Check(p.now().Before(expires), "method.card.expiry_year", "the card has expired")
		wrong.Check(len(kind.Card.GetCvc()) == 3, "method.card.cvc", "must have three digits")
		return "card ending in " + number[max(0, len(number)-4):], paymentv1.State_STATE_CHARGED
	case *paymentv1.Method_Voucher:
		wrong.Check(kind.Voucher.GetCode() != "", "method.voucher.code", "is missing")
		return "voucher " + kind.Voucher.GetCode(), paymentv1.State_STATE_CHARGED
	case *paymentv1.Method_Invoice:
		return "invoice " + kind.Invoice.GetReference(), paymentv1.State_STATE_PENDING
	default:
		wrong.Check(false, "method", "is missing")
		return "", paymentv1.State_STATE_UNSPECIFIED
	}
}

// declined is an error if the provider does not pay.
func declined(req *paymentv1.ChargeRequest) error {
	reason, metadata := "", map[string]string{"amount": money.Format(req.Amount)}
	switch {
	case req.Method.GetCard().GetNumber() == "4000000000000002": // known among test providers
		reason = "CARD_DECLINED"
	case req.Method.GetVoucher() != nil && money.Cents(req.Amount) > voucherLimit:
		reason = "VOUCHER_TOO_SMALL"
		metadata["worth"] = money.Format(money.New(req.Amount.CurrencyCode, voucherLimit))
	default:
		return nil
	}
	return fault.New(codes.FailedPrecondition, "the payment was declined",
		&errdetails.ErrorInfo{Reason: reason, Domain: "payment.shop.example", Metadata: metadata})
}

func (p *payment) Refund(_ context.Context, req *paymentv1.RefundRequest) (*paymentv1.Receipt, error) {
	return p.receipts.Update(req.GetReceiptId(), func(before *paymentv1.Receipt) (*paymentv1.Receipt, error) {
		if before == nil {
			return nil, fault.NotFound("receipt", req.GetReceiptId())
		}
		if before.State == paymentv1.State_STATE_REFUNDED {
			return before, nil
		}
		after := proto.CloneOf(before)
		after.State, after.At = paymentv1.State_STATE_REFUNDED, timestamppb.New(p.now())
		p.audit("refund", after.Id, money.Format(after.Amount))
		return after, nil
	})
}

// luhn checks the last digit of a card's number.
func luhn(number string) bool {
	if len(number) < 12 || len(number) > 19 {
		return false
	}
	sum := 0
	for i := range len(number) {
		d := int(number[len(number)-1-i]) - '0'
		if d < 0 || d > 9 {
			return false
		}
		if i%2 == 1 {
			if d *= 2; d > 9 {
				d -= 9
			}
		}
		sum += d
	}
	return sum%10 == 0
}
