// Package stats stands in for google.golang.org/grpc/experimental/stats in a guest: the registry of metrics that resolvers and
// balancers record.
//
// Inert in a guest: names are not resolved and connections not balanced, so nothing records metrics but what an application
// itself records. descriptor.go has what a metric is, handles.go the ways to record one, recorder.go where records go.
package stats

import (
	"github.com/cofaas/cofaas/stubs/grpc/grpclog"
	"github.com/cofaas/cofaas/stubs/grpc/stats"
)

var logger = grpclog.Component("metrics-registry")

// DefaultMetrics are the metrics that were registered as defaults.
var DefaultMetrics = stats.NewMetricSet()

// MetricDescriptor describes a metric.
type MetricDescriptor struct {
	// Name is unique in the program.
	Name string
	// Description is for people.
	Description string
	// Unit is what is counted, such as seconds.
	Unit string
	// Labels are the keys of the labels that each record has.
	Labels []string
	// OptionalLabels are the keys of the labels that it has if so configured.
	OptionalLabels []string
	// Default says whether the metric is on unless configured otherwise.
	Default bool
	// Type is set by registering.
	Type MetricType
	// Bounds are those of a histogram's buckets; none means defaults.
	Bounds []float64
}

// MetricType is the type of a metric.
type MetricType int

// The types of metrics, each with a function that registers one.
const (
	MetricTypeIntCount MetricType = iota
	MetricTypeFloatCount
	MetricTypeIntHisto
	MetricTypeFloatHisto
	MetricTypeIntGauge
	MetricTypeIntUpDownCount
	MetricTypeIntAsyncGauge
)

// Metrics is a set of metrics.
//
// Deprecated: use stats.MetricSet.
type Metrics = stats.MetricSet

// Metric is the name of a metric.
//
// Deprecated: use string.
type Metric = string

// NewMetrics returns a set of metrics.
//
// Deprecated: use stats.NewMetricSet.
func NewMetrics(metrics ...Metric) *Metrics { return stats.NewMetricSet(metrics...) }

var registry = map[string]*MetricDescriptor{}

// DescriptorForMetric returns the descriptor of a registered metric, nil if there is none.
func DescriptorForMetric(metricName string) *MetricDescriptor { return registry[metricName] }

// register logs and exits when the name is taken.
func register(d MetricDescriptor, t MetricType) *MetricDescriptor {
	if registry[d.Name] != nil {
		logger.Fatalf("metric %v already registered", d.Name)
	}
	d.Type = t
	registry[d.Name] = &d
	if d.Default {
		DefaultMetrics = DefaultMetrics.Add(d.Name)
	}
	return &d
}
