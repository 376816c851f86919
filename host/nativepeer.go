package host

// joinPeers joins an isolate with those of other functions.
func (n *native) joinPeers(iso *isolate) {}
