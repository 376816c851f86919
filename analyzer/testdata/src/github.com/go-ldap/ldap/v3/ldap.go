// Package ldap has signatures of the library of this path.
package ldap

type Conn struct{}
type DialOpt func()

func DialURL(addr string, opts ...DialOpt) (*Conn, error) { return nil, nil }
