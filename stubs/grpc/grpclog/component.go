package grpclog

import "fmt"

// component puts its name in brackets before each message.
type component string

// Component returns a logger for a part of gRPC or of a library, which writes to the logger that is set at the time
// of a message.
func Component(componentName string) DepthLoggerV2 { return component(componentName) }

func (c component) prefixed(args []any) []any {
	return append([]any{"[" + string(c) + "]"}, args...)
}

func (c component) InfoDepth(depth int, args ...any)    { InfoDepth(depth+1, c.prefixed(args)...) }
func (c component) WarningDepth(depth int, args ...any) { WarningDepth(depth+1, c.prefixed(args)...) }
func (c component) ErrorDepth(depth int, args ...any)   { ErrorDepth(depth+1, c.prefixed(args)...) }
func (c component) FatalDepth(depth int, args ...any)   { FatalDepth(depth+1, c.prefixed(args)...) }

func (c component) Info(args ...any)               { c.InfoDepth(1, args...) }
func (c component) Infoln(args ...any)             { c.InfoDepth(1, args...) }
func (c component) Infof(f string, args ...any)    { c.InfoDepth(1, fmt.Sprintf(f, args...)) }
func (c component) Warning(args ...any)            { c.WarningDepth(1, args...) }
func (c component) Warningln(args ...any)          { c.WarningDepth(1, args...) }
func (c component) Warningf(f string, args ...any) { c.WarningDepth(1, fmt.Sprintf(f, args...)) }
func (c component) Error(args ...any)              { c.ErrorDepth(1, args...) }
func (c component) Errorln(args ...any)            { c.ErrorDepth(1, args...) }
func (c component) Errorf(f string, args ...any)   { c.ErrorDepth(1, fmt.Sprintf(f, args...)) }
func (c component) Fatal(args ...any)              { c.FatalDepth(1, args...) }
func (c component) Fatalln(args ...any)            { c.FatalDepth(1, args...) }
func (c component) Fatalf(f string, args ...any)   { c.FatalDepth(1, fmt.Sprintf(f, args...)) }

func (c component) V(l int) bool { return V(l) }
