// Package telemetry sets traces and logs up, alike for all functions of the shop.
package telemetry

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"slices"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// NewExporter makes what sends traces away.
type NewExporter func(context.Context) (trace.SpanExporter, error)

var exporters = map[string]NewExporter{
	"none":    func(context.Context) (trace.SpanExporter, error) { return nil, nil },
	"console": func(context.Context) (trace.SpanExporter, error) { return stdouttrace.New() },
}

// Register adds an exporter, as package otlp does. It is for functions init.
func Register(name string, exporter NewExporter) { exporters[name] = exporter }

var enabled bool

// Enabled says whether Setup has found an exporter: without one, nobody need watch calls.
func Enabled() bool { return enabled }

// Setup makes traces of a function go where OTEL_TRACES_EXPORTER says: "console" for standard output, "none", or what is registered.
// What it returns sends what is left, and ends. A function calls it once, before it dials or serves.
func Setup(ctx context.Context, function string) (shutdown func(context.Context) error, err error) {
	otel.SetTextMapPropagator(propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{}))
	kind := cmp.Or(os.Getenv("OTEL_TRACES_EXPORTER"), "none")
	newExporter, ok := exporters[kind]
	if !ok {
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER: %s has no exporter %q, but %s", function, kind, strings.Join(slices.Sorted(maps.Keys(exporters)), ", "))
	}
	exporter, err := newExporter(ctx)
	if err != nil {
		return nil, fmt.Errorf("OTEL_TRACES_EXPORTER=%s: %w", kind, err)
	}
	if enabled = exporter != nil; !enabled {
		return func(context.Context) error { return nil }, nil
	}
	provider := trace.NewTracerProvider(trace.WithBatcher(exporter), trace.WithResource(resource.NewSchemaless(attribute.String("service.name", function))))
	otel.SetTracerProvider(provider)
	return provider.Shutdown, nil
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
