// Package telemetry sets traces and logs up, alike for all functions of the shop.
package telemetry

import (
	"context"
	"fmt"
	"log/slog"
	"os"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Setup makes traces of a function go where OTEL_TRACES_EXPORTER says: "otlp" to a collector, by gRPC and as the other OTEL variables
// say; "console" to standard output; nothing, which is the default, nowhere. In any case they are passed on from call to call.
// What it returns sends what is left, and ends.
func Setup(ctx context.Context, function string) (shutdown func(context.Context) error, err error) {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	exporter, err := newExporter(ctx, os.Getenv("OTEL_TRACES_EXPORTER"))
	if err != nil {
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER: %w", err)
	}
	opts := []trace.TracerProviderOption{trace.WithResource(resource.NewSchemaless(attribute.String("service.name", function)))}
	if exporter != nil {
		opts = append(opts, trace.WithBatcher(exporter))
	}
	provider := trace.NewTracerProvider(opts...)
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
}

func newExporter(ctx context.Context, kind string) (trace.SpanExporter, error) {
	switch kind {
	case "", "none":
		return nil, nil
	case "console":
		return stdouttrace.New()
	case "otlp":
		return otlptracegrpc.New(ctx)
	default:
		return nil, fmt.Errorf("%q is none of otlp, console and none", kind)
	}
}

// Logger returns a function's logger. LOG_LEVEL is the least level that is logged, INFO if it is not set.
func Logger(function string) (*slog.Logger, error) {
	level := slog.LevelInfo
	if text := os.Getenv("LOG_LEVEL"); text != "" {
		if err := level.UnmarshalText([]byte(text)); err != nil {
			return nil, fmt.Errorf("LOG_LEVEL: %w", err)
		}
	}
	handler := slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})
	return slog.New(handler).With("function", function), nil
}
