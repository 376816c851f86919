// Package websocket has signatures of the library of this path.
package websocket

type Conn struct{}

func Dial(url_, protocol, origin string) (ws *Conn, err error) { return nil, nil }
