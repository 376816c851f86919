// Package gin has signatures of the library of this path.
package gin

type Engine struct{}

func New() *Engine                                                       { return nil }
func (engine *Engine) Run(addr ...string) (err error)                    { return nil }
func (engine *Engine) RunTLS(addr, certFile, keyFile string) (err error) { return nil }
