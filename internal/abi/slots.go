package abi

// Slot says where one core value of a flattened type stands in memory.
type Slot struct {
	// Offset from the start of the value.
	Offset uint32
	// Kind is the type stored there: a scalar kind, or U32 for an address or a count, or U8 for a discriminant.
	Kind Kind
}

// Slots returns, for each core value of t.Flat, its place in memory. It is defined for types whose variants have at most
// one case with a payload (options), where slots are never joined; ok is false for others.
func (t *Type) Slots() (slots []Slot, ok bool) {
	return appendSlots(nil, t, 0)
}

func appendSlots(s []Slot, t *Type, at uint32) ([]Slot, bool) {
	switch t.Kind {
	case String, List:
		return append(s, Slot{at, U32}, Slot{at + 4, U32}), true
	case Record:
		ok := true
		for _, f := range t.Fields {
			if s, ok = appendSlots(s, f.Type, at+f.Offset); !ok {
				return nil, false
			}
		}
		return s, true
	case Variant:
		s = append(s, Slot{at, U8})
		payloads := 0
		ok := true
		for _, c := range t.Cases {
			if c == nil {
				continue
			}
			if payloads++; payloads > 1 {
				return nil, false
			}
			if s, ok = appendSlots(s, c, at+t.Payload); !ok {
				return nil, false
			}
		}
		return s, true
	default:
		return append(s, Slot{at, t.Kind}), true
	}
}
