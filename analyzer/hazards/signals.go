package hazards

import "github.com/cofaas/cofaas/analyzer/internal/category"

// Waiting for signals is what most mains do, and harmless: it is the host that is told to stop, and it stops its functions.
var signals = use{
	category: category.Signal,
	message:  " hears of nothing in a guest: the host gets the signals, and stops its functions itself",
	funcs:    map[string][]string{"os/signal.": {"Notify", "NotifyContext"}},
}
