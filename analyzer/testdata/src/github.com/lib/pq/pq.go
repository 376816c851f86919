// Package pq has signatures of the library of this path.
package pq

import (
	"database/sql/driver"
	"time"
)

type Listener struct{}
type Connector struct{}
type EventCallbackType func()

func Open(dsn string) (_ driver.Conn, err error)  { return nil, nil }
func NewConnector(dsn string) (*Connector, error) { return nil, nil }
func NewListener(name string, minReconnectInterval time.Duration, maxReconnectInterval time.Duration, eventCallback EventCallbackType) *Listener {
	return nil
}
