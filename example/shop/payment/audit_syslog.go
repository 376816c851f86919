//go:build unix

package main

import (
	"fmt"
	"log/syslog"
)

func newSyslogAudit() (audit, error) {
	w, err := syslog.New(syslog.LOG_NOTICE|syslog.LOG_AUTHPRIV, "shop-payment")
	if err != nil {
		return nil, err
	}
	return func(what, receipt, amount string) {
		_, _ = fmt.Fprintf(w, "%s %s %s", what, receipt, amount) // it has nowhere to complain to
	}, nil
}
