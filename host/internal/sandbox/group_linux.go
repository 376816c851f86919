package sandbox

import "syscall"

// group is a control group of an isolate. It may be nil.
type group struct{}

func newGroup(*Config) (*group, error) { return nil, nil }

func (g *group) join(*syscall.SysProcAttr) {}

func (g *group) remove() {}
