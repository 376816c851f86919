package main

import (
	"context"
	"embed"
	"fmt"
	"maps"
	"net/mail"
	"slices"
	"strings"
	"text/template"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	commonv1 "github.com/cofaas/cofaas/example/shop/api/shop/common/v1"
	notifyv1 "github.com/cofaas/cofaas/example/shop/api/shop/notify/v1"
	"github.com/cofaas/cofaas/example/shop/internal/fault"
	"github.com/cofaas/cofaas/example/shop/internal/money"
)

//go:embed templates/*.tmpl
var templates embed.FS

// mailer implements Notifier. It writes mails, and leaves it to others to send them.
type mailer struct {
	notifyv1.UnimplementedNotifierServer
	from      string
	templates *template.Template
}

func newMailer(from string) (*mailer, error) {
	t, err := template.New("").Funcs(template.FuncMap{"money": money.Format}).ParseFS(templates, "templates/*.tmpl")
	if err != nil {
		return nil, err
	}
	return &mailer{from: from, templates: t}, nil
}

func (m *mailer) Send(_ context.Context, req *notifyv1.SendRequest) (*notifyv1.Delivery, error) {
	to, err := mail.ParseAddress(req.GetRecipient())
	var wrong fault.Fields
	wrong.Check(err == nil, "recipient", "is not a mail address")
	for name := range req.GetHeaders() {
		wrong.Check(!strings.ContainsAny(name+req.Headers[name], "\r\n"), "headers", "must be of one line each")
	}
	name, data := "", any(nil)
	switch content := req.GetContent().(type) {
	case *notifyv1.SendRequest_Confirmation:
		name, data = "confirmation.tmpl", content.Confirmation
	case *notifyv1.SendRequest_Text:
		name, data = "text.tmpl", content.Text
	default:
		wrong.Check(false, "content", "is missing")
	}
	if err := wrong.Err(); err != nil {
		return nil, err
	}
	var body strings.Builder
	fmt.Fprintf(&body, "From: %s\nTo: %s\n", m.from, to)
	for _, name := range slices.Sorted(maps.Keys(req.Headers)) {
		fmt.Fprintf(&body, "%s: %s\n", name, req.Headers[name])
	}
	body.WriteString("\n")
	if err := m.templates.ExecuteTemplate(&body, name, data); err != nil {
		return nil, status.Errorf(codes.Internal, "%s: %v", name, err)
	}
	return &notifyv1.Delivery{Channel: commonv1.Channel_CHANNEL_EMAIL, Recipient: to.Address, Body: body.String()}, nil
}
