// Package fiber has signatures of the library of this path.
package fiber

type App struct{}

func New() *App                           { return nil }
func (app *App) Listen(addr string) error { return nil }
