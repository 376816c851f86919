// Package mysql has signatures of the library of this path.
package mysql

import (
	"database/sql/driver"
)

type Config struct{ User, Passwd, Net, Addr, DBName string }

func NewConfig() *Config                                 { return nil }
func ParseDSN(dsn string) (cfg *Config, err error)       { return nil, nil }
func NewConnector(cfg *Config) (driver.Connector, error) { return nil, nil }
func (cfg *Config) FormatDSN() string                    { return "" }
