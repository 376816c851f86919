package stats

import "maps"

// MetricSet is an immutable set of names of metrics. Its methods return new sets. Inert in a guest: nothing is measured that
// it could choose from.
type MetricSet struct {
	metrics map[string]bool
}

// NewMetricSet returns a set of names.
func NewMetricSet(metricNames ...string) *MetricSet {
	return (&MetricSet{}).Add(metricNames...)
}

// Metrics returns the set as a map, which must not be changed.
func (m *MetricSet) Metrics() map[string]bool { return m.metrics }

// Add returns m with more names.
func (m *MetricSet) Add(metricNames ...string) *MetricSet {
	sum := m.clone()
	for _, name := range metricNames {
		sum.metrics[name] = true
	}
	return sum
}

// Join returns the union of two sets.
func (m *MetricSet) Join(metrics *MetricSet) *MetricSet {
	sum := m.clone()
	maps.Copy(sum.metrics, metrics.metrics)
	return sum
}

// Remove returns m without some names.
func (m *MetricSet) Remove(metricNames ...string) *MetricSet {
	rest := m.clone()
	for _, name := range metricNames {
		delete(rest.metrics, name)
	}
	return rest
}

func (m *MetricSet) clone() *MetricSet {
	c := &MetricSet{make(map[string]bool, len(m.metrics))}
	maps.Copy(c.metrics, m.metrics)
	return c
}
