// Command gateway is the HTTP side of the shop: JSON in front of shop.storefront.v1.Storefront. It is no gRPC server, so it stays a
// process of its own, and does not care whether the storefront behind it is a process too or a host.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"

	// For details of errors, which travel with the names of their types.
	_ "google.golang.org/genproto/googleapis/rpc/errdetails"

	_ "github.com/cofaas/cofaas/example/shop/api/shop/inventory/v1"
	storefrontv1 "github.com/cofaas/cofaas/example/shop/api/shop/storefront/v1"
	"github.com/cofaas/cofaas/example/shop/internal/dialer"
	"github.com/cofaas/cofaas/example/shop/internal/interceptors"
)

func main() {
	log.SetPrefix("gateway: ")
	listen := flag.String("listen", cmp.Or(os.Getenv("GATEWAY_LISTEN"), ":8080"), "`address` to listen on (GATEWAY_LISTEN)")
	target := flag.String("storefront", cmp.Or(os.Getenv("STOREFRONT_TARGET"), "localhost:7000"), "gRPC `target` of the storefront (STOREFRONT_TARGET)")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, *target); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, listen, target string) error {
	conn, err := dialer.Dial(target)
	if err != nil {
		return err
	}
	defer conn.Close()
	mux := runtime.NewServeMux(runtime.WithIncomingHeaderMatcher(matchHeader))
	if err := storefrontv1.RegisterStorefrontHandler(ctx, mux, conn); err != nil {
		return err
	}
	lis, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: 5 * time.Second}
	go func() {
		<-ctx.Done()
		last, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = server.Shutdown(last) // what has not ended by then is cut off
	}()
	log.Printf("listening on %v, in front of %s", lis.Addr(), target)
	if err := server.Serve(lis); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// matchHeader makes metadata of headers.
func matchHeader(header string) (key string, ok bool) {
	switch key := strings.ToLower(header); key {
	case interceptors.UserKey, interceptors.RequestIDKey:
		return key, true
	}
	return runtime.DefaultHeaderMatcher(header)
}
