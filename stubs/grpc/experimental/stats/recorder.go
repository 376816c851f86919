package stats

import (
	"context"

	"github.com/cofaas/cofaas/stubs/grpc/internal"
)

// MetricsRecorder takes the values of metrics. Embed [UnimplementedMetricsRecorder] to implement it.
type MetricsRecorder interface {
	RecordInt64Count(handle *Int64CountHandle, incr int64, labels ...string)
	RecordFloat64Count(handle *Float64CountHandle, incr float64, labels ...string)
	RecordInt64Histo(handle *Int64HistoHandle, incr int64, labels ...string)
	RecordFloat64Histo(handle *Float64HistoHandle, incr float64, labels ...string)
	RecordInt64Gauge(handle *Int64GaugeHandle, incr int64, labels ...string)
	RecordInt64UpDownCount(handle *Int64UpDownCountHandle, incr int64, labels ...string)
	// RegisterAsyncReporter adds a reporter that is asked for the values of descriptors. The result removes it.
	RegisterAsyncReporter(reporter AsyncMetricReporter, descriptors ...AsyncMetric) func()

	internal.EnforceMetricsRecorderEmbedding
}

// AsyncMetric is a metric whose value is asked for.
type AsyncMetric interface {
	isAsync()
	Descriptor() *MetricDescriptor
}

// AsyncMetricReporter reports values when it is asked.
type AsyncMetricReporter interface {
	Report(AsyncMetricsRecorder) error
}

// AsyncMetricReporterFunc is a function that is an [AsyncMetricReporter].
type AsyncMetricReporterFunc func(AsyncMetricsRecorder) error

// Report calls f.
func (f AsyncMetricReporterFunc) Report(r AsyncMetricsRecorder) error { return f(r) }

// AsyncMetricsRecorder takes the values that an [AsyncMetricReporter] reports.
type AsyncMetricsRecorder interface {
	RecordInt64AsyncGauge(handle *Int64AsyncGaugeHandle, incr int64, labels ...string)
}

// UnimplementedMetricsRecorder is embedded by implementations of [MetricsRecorder]. It drops every value.
type UnimplementedMetricsRecorder struct {
	internal.EnforceMetricsRecorderEmbedding
}

var _ MetricsRecorder = UnimplementedMetricsRecorder{}

func (UnimplementedMetricsRecorder) RecordInt64Count(*Int64CountHandle, int64, ...string)       {}
func (UnimplementedMetricsRecorder) RecordFloat64Count(*Float64CountHandle, float64, ...string) {}
func (UnimplementedMetricsRecorder) RecordInt64Histo(*Int64HistoHandle, int64, ...string)       {}
func (UnimplementedMetricsRecorder) RecordFloat64Histo(*Float64HistoHandle, float64, ...string) {}
func (UnimplementedMetricsRecorder) RecordInt64Gauge(*Int64GaugeHandle, int64, ...string)       {}
func (UnimplementedMetricsRecorder) RecordInt64UpDownCount(*Int64UpDownCountHandle, int64, ...string) {
}

// RegisterAsyncReporter never asks the reporter.
func (UnimplementedMetricsRecorder) RegisterAsyncReporter(AsyncMetricReporter, ...AsyncMetric) func() {
	return func() {}
}

type customLabelKey struct{}

// NewContextWithCustomLabel returns a context with a label for the metrics of calls made under it.
func NewContextWithCustomLabel(ctx context.Context, label string) context.Context {
	return context.WithValue(ctx, customLabelKey{}, label)
}

// CustomLabelFromContext returns the label of a context, "" if it has none.
func CustomLabelFromContext(ctx context.Context) string {
	label, _ := ctx.Value(customLabelKey{}).(string)
	return label
}
