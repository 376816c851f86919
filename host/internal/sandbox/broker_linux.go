package sandbox

type broker struct{}

func newBroker(*Config, int, int, bool) (*broker, error) { return nil, nil }

func (b *broker) close() {}
