// Command sms serves shop.notify.v1.Notifier by short messages. It is older than package bootstrap, and listens by itself.
//
// SMS_PORT is the port on which it listens, 7009 unless set; SMS_SENDER is who messages are from.
package main

//go:generate go tool cofaas-gen

import (
	"cmp"
	"context"
	"fmt"
	"log"
	"log/slog"
	"net"
	"os"
	"os/signal"
	"regexp"
	"syscall"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	"google.golang.org/grpc/health/grpc_health_v1"

	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	"github.com/cofaas/cofaas/example/shop/internal/bootstrap"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
	"github.com/cofaas/cofaas/example/shop/internal/money"
)

func main() {
	lis, err := net.Listen("tcp", fmt.Sprintf(":%s", cmp.Or(os.Getenv("SMS_PORT"), "7009")))
	if err != nil {
		log.Fatalf("failed to listen: %v", err)
	}
	s := grpc.NewServer(bootstrap.ServerOptions(slog.Default(), nil)...)
	notifyv1.RegisterNotifierServer(s, &sms{sender: cmp.Or(os.Getenv("SMS_SENDER"), "Shop")})
	grpc_health_v1.RegisterHealthServer(s, health.NewServer())
	go func() {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		<-ctx.Done()
		s.GracefulStop()
	}()
	log.Printf("sms listens on %v", lis.Addr())
	if err := s.Serve(lis); err != nil {
		log.Fatalf("failed to serve: %v", err)
	}
}

// longest is what fits into one message.
const longest = 160

var number = regexp.MustCompile(`^\+[0-9]{6,15}$`)

type sms struct {
	notifyv1.UnimplementedNotifierServer
	sender string
}

func (s *sms) Send(_ context.Context, req *notifyv1.SendRequest) (*notifyv1.Delivery, error) {
	var wrong fault.Fields
	wrong.Check(number.MatchString(req.GetRecipient()), "recipient", "is not an international telephone number")
	wrong.Check(req.GetContent() != nil, "content", "is missing")
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	text := req.GetText()
	if c := req.GetConfirmation(); c != nil {
		text = fmt.Sprintf("thank you for order %s of %s.", c.GetOrderId(), money.Format(c.GetTotal()))
	}
	body := []rune(s.sender + ": " + text)
	return &notifyv1.Delivery{
		Channel: commonv1.Channel_CHANNEL_SMS, Recipient: req.Recipient, Body: string(body[:min(len(body), longest)]),
	}, nil
}
