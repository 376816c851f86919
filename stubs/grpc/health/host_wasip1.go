package health

import "github.com/cofaas/cofaas/guest"

// setServingStatus passes a status on to the host. Tests replace it.
var setServingStatus = guest.SetServingStatus
