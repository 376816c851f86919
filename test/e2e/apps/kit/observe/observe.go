// Package observe gives a function the middleware that real ones have, all at once, and tells what it has seen.
//
// All of it is what its authors have published. The generator rewrites the imports of copies, and nothing else.
package observe

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	grpcprom "github.com/grpc-ecosystem/go-grpc-middleware/providers/prometheus"
	"github.com/grpc-ecosystem/go-grpc-middleware/v2/interceptors/logging"
	grpc_prometheus "github.com/grpc-ecosystem/go-grpc-prometheus"
	"github.com/opentracing/opentracing-go/mocktracer"
	"github.com/prometheus/client_golang/prometheus"
	"go.opencensus.io/plugin/ocgrpc"
	"go.opencensus.io/stats/view"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"google.golang.org/grpc/stats"
)

// Observer has what the middleware of a function writes to.
type Observer struct {
	registry      *prometheus.Registry
	providers     *prometheus.Registry // which count under the same names
	serverMetrics *grpc_prometheus.ServerMetrics
	clientMetrics *grpc_prometheus.ClientMetrics
	serverProm    *grpcprom.ServerMetrics
	clientProm    *grpcprom.ClientMetrics

	spans    *tracetest.InMemoryExporter
	provider *sdktrace.TracerProvider

	opentracing *mocktracer.MockTracer
	inProgress  counter

	mu   sync.Mutex
	logs []string
}

// New returns an observer that has seen nothing.
func New() (*Observer, error) {
	o := &Observer{
		registry:      prometheus.NewRegistry(),
		providers:     prometheus.NewRegistry(),
		serverMetrics: grpc_prometheus.NewServerMetrics(),
		clientMetrics: grpc_prometheus.NewClientMetrics(),
		serverProm:    grpcprom.NewServerMetrics(),
		clientProm:    grpcprom.NewClientMetrics(),
		spans:         tracetest.NewInMemoryExporter(),
		opentracing:   mocktracer.New(),
	}
	o.serverMetrics.EnableHandlingTimeHistogram()
	o.provider = sdktrace.NewTracerProvider(sdktrace.WithSyncer(o.spans))
	o.registry.MustRegister(o.serverMetrics, o.clientMetrics)
	o.providers.MustRegister(o.serverProm, o.clientProm)
	return o, view.Register(ocgrpc.ServerCompletedRPCsView, ocgrpc.ClientCompletedRPCsView, ocgrpc.ServerReceivedBytesPerRPCView)
}

// propagator carries traces in metadata.
var propagator = propagation.NewCompositeTextMapPropagator(propagation.TraceContext{}, propagation.Baggage{})

// Log is a logging.Logger. It keeps what does not differ between runs.
func (o *Observer) Log(_ context.Context, level logging.Level, msg string, fields ...any) {
	line := fmt.Sprintf("log %v %s", level, msg)
	for i := 0; i+1 < len(fields); i += 2 {
		switch fields[i] {
		case "grpc.component", "grpc.service", "grpc.method", "grpc.method_type", "grpc.code", "grpc.error", "protocol":
			line += fmt.Sprintf(" %v=%v", fields[i], fields[i+1])
		}
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.logs = append(o.logs, line)
}

// Lines tells what was seen so far.
func (o *Observer) Lines() ([]string, error) {
	var lines []string
	add := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	o.mu.Lock()
	lines = append(lines, o.logs...)
	o.mu.Unlock()

	for name, registry := range map[string]*prometheus.Registry{"prometheus": o.registry, "provider": o.providers} {
		families, err := registry.Gather()
		if err != nil {
			return nil, err
		}
		for _, f := range families {
			for _, m := range f.GetMetric() {
				var labels []string
				for _, l := range m.GetLabel() {
					labels = append(labels, l.GetName()+"="+l.GetValue())
				}
				add("%s %s%v %v %d", name, f.GetName(), labels, m.GetCounter().GetValue(), m.GetHistogram().GetSampleCount())
			}
		}
	}
	for _, s := range o.spans.GetSpans() {
		line := fmt.Sprintf("otel %s %v %v remote=%t", s.Name, s.SpanKind, s.Status.Code, s.Parent.IsRemote())
		for _, a := range s.Attributes {
			if strings.HasPrefix(string(a.Key), "rpc.") {
				line += fmt.Sprintf(" %s=%v", a.Key, a.Value.AsInterface())
			}
		}
		for _, e := range s.Events {
			line += " " + e.Name
			for _, a := range e.Attributes {
				line += fmt.Sprintf(" %s=%v", a.Key, a.Value.AsInterface())
			}
		}
		add("%s", line)
	}
	for _, s := range o.opentracing.FinishedSpans() {
		add("opentracing %s %v %v %v", s.OperationName, s.Tag("span.kind"), s.Tag("error"), s.Tag("response_code"))
	}
	for _, v := range []*view.View{ocgrpc.ServerCompletedRPCsView, ocgrpc.ClientCompletedRPCsView, ocgrpc.ServerReceivedBytesPerRPCView} {
		rows, err := view.RetrieveData(v.Name)
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			switch d := row.Data.(type) {
			case *view.CountData:
				add("opencensus %s %v %d", v.Name, row.Tags, d.Value)
			case *view.DistributionData:
				// The sum of whole bytes is made from a running mean, whose rounding depends on the order in which calls ended.
				add("opencensus %s %v %d %.0f", v.Name, row.Tags, d.Count, d.Sum())
			}
		}
	}
	slices.Sort(lines)
	return lines, nil
}

// waitFor is how long a task that waits does so: longer than its client does. Other tasks have much time, as machines may be slow.
const (
	waitFor     = time.Minute
	waitTimeout = 500 * time.Millisecond
	timeoutElse = time.Minute
)

// counter counts calls in progress. What watches a server hears of the end of a call after the client does: this one does last, as it is
// installed last.
type counter struct{ calls atomic.Int64 }

func (*counter) TagRPC(ctx context.Context, _ *stats.RPCTagInfo) context.Context   { return ctx }
func (*counter) TagConn(ctx context.Context, _ *stats.ConnTagInfo) context.Context { return ctx }
func (*counter) HandleConn(context.Context, stats.ConnStats)                       {}

func (c *counter) HandleRPC(_ context.Context, e stats.RPCStats) {
	switch e.(type) {
	case *stats.Begin:
		c.calls.Add(1)
	case *stats.End:
		c.calls.Add(-1)
	}
}

// alone waits until all calls but one, which waits, have been seen to their ends.
func (c *counter) alone(ctx context.Context) error {
	for end := time.Now().Add(time.Minute); c.calls.Load() > 1; time.Sleep(5 * time.Millisecond) {
		if ctx.Err() != nil || time.Now().After(end) {
			return fmt.Errorf("%d calls are in progress", c.calls.Load())
		}
	}
	return nil
}
