// Package otlp lets OTEL_TRACES_EXPORTER be "otlp" in the functions that import it: traces go to a collector, by gRPC, and as the other
// OTEL_EXPORTER_OTLP variables say. It brings a gRPC client to functions that may have no other use for one.
package otlp

import (
	"context"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/sdk/trace"

	"github.com/cofaas/cofaas/example/shop/internal/telemetry"
)

func init() {
	telemetry.Register("otlp", func(ctx context.Context) (trace.SpanExporter, error) { return otlptracegrpc.New(ctx) })
}
