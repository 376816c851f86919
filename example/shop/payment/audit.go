package main

import (
	"fmt"
	"log/slog"
)

// audit records that money has moved.
type audit func(what, receipt, amount string)

func newAudit(kind string, log *slog.Logger) (audit, error) {
	switch kind {
	case "log":
		return func(what, receipt, amount string) {
			log.Info("audit", "what", what, "receipt", receipt, "amount", amount)
		}, nil
	case "syslog":
		return newSyslogAudit()
	default:
		return nil, fmt.Errorf("audit %q: want log or syslog", kind)
	}
}
