//go:build !wasip1

package health

import "github.com/cofaas/cofaas/isolate"

// setServingStatus passes a status on to the host, if there is one. Tests replace it.
var setServingStatus = func(service string, status int32) {
	if err := isolate.Default().SetServingStatus(service, status); err != nil {
		logger.Errorf("health: telling the host of the status of %q: %v", service, err)
	}
}
