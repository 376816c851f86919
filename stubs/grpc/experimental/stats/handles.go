package stats

// Registering belongs into initialization: it is not safe for concurrent use, and logs and exits when the name is taken.

// Int64CountHandle records an int64 that only grows.
type Int64CountHandle MetricDescriptor

// RegisterInt64Count registers the metric and returns its handle.
func RegisterInt64Count(descriptor MetricDescriptor) *Int64CountHandle {
	return (*Int64CountHandle)(register(descriptor, MetricTypeIntCount))
}

// Descriptor returns the descriptor of the metric.
func (h *Int64CountHandle) Descriptor() *MetricDescriptor { return (*MetricDescriptor)(h) }

// Record passes a value to the recorder. labels are the values of the descriptor's labels, then the optional ones.
func (h *Int64CountHandle) Record(recorder MetricsRecorder, incr int64, labels ...string) {
	recorder.RecordInt64Count(h, incr, labels...)
}

// Int64UpDownCountHandle records an int64 that grows and shrinks.
type Int64UpDownCountHandle MetricDescriptor

// RegisterInt64UpDownCount registers the metric and returns its handle.
func RegisterInt64UpDownCount(descriptor MetricDescriptor) *Int64UpDownCountHandle {
	return (*Int64UpDownCountHandle)(register(descriptor, MetricTypeIntUpDownCount))
}

// Descriptor returns the descriptor of the metric.
func (h *Int64UpDownCountHandle) Descriptor() *MetricDescriptor { return (*MetricDescriptor)(h) }

// Record passes a value to the recorder. labels are the values of the descriptor's labels, then the optional ones.
func (h *Int64UpDownCountHandle) Record(recorder MetricsRecorder, v int64, labels ...string) {
	recorder.RecordInt64UpDownCount(h, v, labels...)
}

// Float64CountHandle records a float64 that only grows.
type Float64CountHandle MetricDescriptor

// RegisterFloat64Count registers the metric and returns its handle.
func RegisterFloat64Count(descriptor MetricDescriptor) *Float64CountHandle {
	return (*Float64CountHandle)(register(descriptor, MetricTypeFloatCount))
}

// Descriptor returns the descriptor of the metric.
func (h *Float64CountHandle) Descriptor() *MetricDescriptor { return (*MetricDescriptor)(h) }

// Record passes a value to the recorder. labels are the values of the descriptor's labels, then the optional ones.
func (h *Float64CountHandle) Record(recorder MetricsRecorder, incr float64, labels ...string) {
	recorder.RecordFloat64Count(h, incr, labels...)
}

// Int64HistoHandle records a histogram of int64.
type Int64HistoHandle MetricDescriptor

// RegisterInt64Histo registers the metric and returns its handle.
func RegisterInt64Histo(descriptor MetricDescriptor) *Int64HistoHandle {
	return (*Int64HistoHandle)(register(descriptor, MetricTypeIntHisto))
}

// Descriptor returns the descriptor of the metric.
func (h *Int64HistoHandle) Descriptor() *MetricDescriptor { return (*MetricDescriptor)(h) }

// Record passes a value to the recorder. labels are the values of the descriptor's labels, then the optional ones.
func (h *Int64HistoHandle) Record(recorder MetricsRecorder, incr int64, labels ...string) {
	recorder.RecordInt64Histo(h, incr, labels...)
}

// Float64HistoHandle records a histogram of float64.
type Float64HistoHandle MetricDescriptor

// RegisterFloat64Histo registers the metric and returns its handle.
func RegisterFloat64Histo(descriptor MetricDescriptor) *Float64HistoHandle {
	return (*Float64HistoHandle)(register(descriptor, MetricTypeFloatHisto))
}

// Descriptor returns the descriptor of the metric.
func (h *Float64HistoHandle) Descriptor() *MetricDescriptor { return (*MetricDescriptor)(h) }

// Record passes a value to the recorder. labels are the values of the descriptor's labels, then the optional ones.
func (h *Float64HistoHandle) Record(recorder MetricsRecorder, incr float64, labels ...string) {
	recorder.RecordFloat64Histo(h, incr, labels...)
}

// Int64GaugeHandle records an int64 that is set.
type Int64GaugeHandle MetricDescriptor

// RegisterInt64Gauge registers the metric and returns its handle.
func RegisterInt64Gauge(descriptor MetricDescriptor) *Int64GaugeHandle {
	return (*Int64GaugeHandle)(register(descriptor, MetricTypeIntGauge))
}

// Descriptor returns the descriptor of the metric.
func (h *Int64GaugeHandle) Descriptor() *MetricDescriptor { return (*MetricDescriptor)(h) }

// Record passes a value to the recorder. labels are the values of the descriptor's labels, then the optional ones.
func (h *Int64GaugeHandle) Record(recorder MetricsRecorder, incr int64, labels ...string) {
	recorder.RecordInt64Gauge(h, incr, labels...)
}

// Int64AsyncGaugeHandle records an int64 that is asked for.
type Int64AsyncGaugeHandle MetricDescriptor

// RegisterInt64AsyncGauge registers the metric and returns its handle.
func RegisterInt64AsyncGauge(descriptor MetricDescriptor) *Int64AsyncGaugeHandle {
	return (*Int64AsyncGaugeHandle)(register(descriptor, MetricTypeIntAsyncGauge))
}

// Descriptor returns the descriptor of the metric.
func (h *Int64AsyncGaugeHandle) Descriptor() *MetricDescriptor { return (*MetricDescriptor)(h) }

// Record passes a value to the recorder. labels are the values of the descriptor's labels, then the optional ones.
func (h *Int64AsyncGaugeHandle) Record(recorder AsyncMetricsRecorder, value int64, labels ...string) {
	recorder.RecordInt64AsyncGauge(h, value, labels...)
}

func (h *Int64AsyncGaugeHandle) isAsync() {}
