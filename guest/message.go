package guest

import "fmt"

// Lift makes a generated lift function take any message, and refuse all types but its own.
func Lift[T any](lift func(Record, *T)) func(Record, any) error {
	return func(r Record, m any) error {
		t, ok := m.(*T)
		if !ok || t == nil {
			return typeError((*T)(nil), m)
		}
		lift(r, t)
		return nil
	}
}

// Lower is for generated lower functions what [Lift] is for lift functions.
func Lower[T any](lower func(*Scratch, Record, *T)) func(*Scratch, Record, any) error {
	return func(s *Scratch, r Record, m any) error {
		t, ok := m.(*T)
		if !ok {
			return typeError((*T)(nil), m)
		}
		lower(s, r, t)
		return nil
	}
}

func typeError(want, got any) error {
	return fmt.Errorf("grpc: message is %T, want %T: the method was called with messages of another generated package", got, want)
}
