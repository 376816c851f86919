// Package jaeger has signatures of the library of this path.
package jaeger

type Exporter struct{}
type EndpointOption interface{}
type AgentEndpointOption interface{}
type CollectorEndpointOption interface{}

func New(endpointOption EndpointOption) (*Exporter, error)                    { return nil, nil }
func WithAgentEndpoint(options ...AgentEndpointOption) EndpointOption         { return nil }
func WithAgentHost(host string) AgentEndpointOption                           { return nil }
func WithCollectorEndpoint(options ...CollectorEndpointOption) EndpointOption { return nil }
func WithEndpoint(endpoint string) CollectorEndpointOption                    { return nil }
