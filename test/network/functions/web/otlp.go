package main

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"

	"github.com/cofaas/cofaas/test/network/task"
)

// traces exports spans by gRPC, to a collector that is no business of the app.
func traces(ctx context.Context, r *task.Report, args []string) error {
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithInsecure(), otlptracegrpc.WithEndpoint(args[0]))
	if err != nil {
		return err
	}
	provider := sdktrace.NewTracerProvider(sdktrace.WithBatcher(exporter, sdktrace.WithBatchTimeout(50*time.Millisecond)))
	for i := range 10 {
		_, span := provider.Tracer("network").Start(ctx, fmt.Sprint("span ", i))
		span.End()
	}
	r.Addf("flush: %v", provider.ForceFlush(ctx))
	r.Addf("shut down: %v", provider.Shutdown(ctx))
	return nil
}
