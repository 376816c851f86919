//go:build !unix

package main

import "errors"

func newSyslogAudit() (audit, error) { return nil, errors.New("this system has no syslog") }
