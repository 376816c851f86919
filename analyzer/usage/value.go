package usage

// A Value is what is known, at generation time, of a string that a program
// passes to grpc or net.
type Value struct {
	Known   bool
	Const   string // if Known
	Default string // if not Known: what it is unless the user says otherwise, as for flags
	Source  string // if not Known: where it comes from, as in "flag addr" or "environment variable ADDR"
}

// String returns the value, or where it comes from.
func (v Value) String() string {
	switch {
	case v.Known:
		return v.Const
	case v.Default != "":
		return v.Source + " (default " + v.Default + ")"
	case v.Source != "":
		return v.Source
	}
	return "unknown"
}

func unknown(source string) Value { return Value{Source: source} }
