package pb

import (
	"errors"
	"fmt"
)

// Validate is what validator interceptors call.
func (x *Task) Validate() error {
	if x.GetWhat() == "" {
		return errors.New("invalid Task.What: value length must be at least 1")
	}
	if x.GetCount() < 0 {
		return fmt.Errorf("invalid Task.Count: %d is negative", x.GetCount())
	}
	return nil
}
