package main // want "rewrite prog: is the function" "rewrite prog/app: registers Echo" "rewrite prog/dialer: exchanges gRPC types by dialer.Dial, with prog/conduit" "rewrite prog/handlers: handles message greeter.HelloReply, of a service of pb/greeter" "rewrite prog/errs: exchanges errors or contexts by errs.NotFound, with prog/handlers" "rewrite pb/greeter: exchanges gRPC types by greeter.RegisterGreeterServer, with prog" "rewrite pb/legacy: exchanges gRPC types by legacy.RegisterEchoServer, with prog/app" "rewrite prog/meter: exchanges gRPC types by meter.Handler, with prog" "keep prog/telemetry: exchanges no gRPC values" "keep prog/hidden: exchanges no gRPC values"

import (
	"context"

	"google.golang.org/grpc"

	"pb/greeter"
	"prog/app"
	"prog/conduit"
	"prog/handlers"
	"prog/hidden"
	"prog/meter"
	"prog/telemetry"
)

func main() {
	s := grpc.NewServer(grpc.StatsHandler(&meter.Handler{}))
	greeter.RegisterGreeterServer(s, handlers.Server{})
	conn := conduit.Dial("x")
	conn.Close()
	telemetry.Start(context.Background())
	hidden.New(hidden.WithTarget("x"))
	app.Run()
}
