package guest

// Slab hands out the requests of a method, each once. It allocates several at a time, which costs a guest hardly more than one.
// A handler that keeps a request keeps its neighbours, so these have all their data in the same chunk of the inbound arena, a
// small one, which that request keeps anyway. And their number grows with the requests that the chunk turns out to hold, so that
// large requests have none. A method that is not called keeps the chunk of its last request.
type Slab[T any] struct {
	slab       []T
	used       int
	generation uint32
}

const maxSlab = 16

// Next returns an empty request for a call.
func (s *Slab[T]) Next(c *ServerCall) *T {
	if s.used == len(s.slab) || s.generation != c.generation {
		s.grow(c.generation)
	}
	m := &s.slab[s.used]
	s.used++
	return m
}

func (s *Slab[T]) grow(generation uint32) {
	n := 1
	if s.generation == generation && generation != 0 {
		n = min(max(2*len(s.slab), 1), maxSlab)
	}
	s.slab, s.used, s.generation = make([]T, n), 0, generation
}
