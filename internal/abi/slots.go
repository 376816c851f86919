package abi

// Slot says where one core value of a flattened type stands in memory.
type Slot struct {
	// Index is that of the core value in the type's Flat.
	Index int
	// Offset from the start of the value.
	Offset uint32
	// Kind is the type stored there: a scalar kind, or U32 for an address or a count, or the unsigned kind of its size for
	// a discriminant.
	Kind Kind
	// Cases are set for the discriminant of a variant of which several cases have payloads: the slots of each case. Cases
	// share core values, which may be wider than what is stored (see [VariantOf]); a case leaves at zero what it does not
	// use.
	Cases [][]Slot
}

// Slots returns the place in memory of each core value of t.Flat, those in the Cases of a slot included.
//
// The payload of a case that has none beside it is not in Cases: it may be read and written whatever the discriminant is.
func (t *Type) Slots() []Slot {
	return appendSlots(nil, t, 0, 0)
}

func appendSlots(s []Slot, t *Type, at uint32, index int) []Slot {
	switch t.Kind {
	case String, List:
		return append(s, Slot{Index: index, Offset: at, Kind: U32}, Slot{Index: index + 1, Offset: at + 4, Kind: U32})
	case Record:
		for _, f := range t.Fields {
			s = appendSlots(s, f.Type, at+f.Offset, index)
			index += len(f.Type.Flat)
		}
		return s
	case Variant:
		d := Slot{Index: index, Offset: at, Kind: unsigned(t.Discriminant)}
		var only *Type
		payloads := 0
		for _, c := range t.Cases {
			if c != nil {
				only = c
				payloads++
			}
		}
		if payloads < 2 {
			s = append(s, d)
			if only != nil {
				s = appendSlots(s, only, at+t.Payload, index+1)
			}
			return s
		}
		d.Cases = make([][]Slot, len(t.Cases))
		for i, c := range t.Cases {
			if c != nil {
				d.Cases[i] = appendSlots(nil, c, at+t.Payload, index+1)
			}
		}
		return append(s, d)
	default:
		return append(s, Slot{Index: index, Offset: at, Kind: t.Kind})
	}
}

// unsigned is the kind of an unsigned integer of size bytes.
func unsigned(size uint32) Kind {
	switch size {
	case 1:
		return U8
	case 2:
		return U16
	default:
		return U32
	}
}
