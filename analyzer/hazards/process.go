package hazards

import "github.com/cofaas/cofaas/analyzer/internal/category"

var processes = use{
	category: category.Process,
	message:  " fails in a guest, which cannot start processes: keep this function out of the app, or make a function of what it starts",
	native:   " fails in a native isolate, which cannot start processes: keep this function out of the app, or make a function of what it starts",
	funcs: map[string][]string{
		"os.":         {"StartProcess"},
		"os/exec.Cmd": {"CombinedOutput", "Output", "Run", "Start"},
		"syscall.":    {"StartProcess"},
	},
}

var killing = use{
	category: category.Process,
	message:  " in a guest reaches no other process, and ends the guest at once if it is meant for its own: its callers get UNAVAILABLE",
	native:   " in a native isolate reaches no other process",
	funcs: map[string][]string{
		"os.Process": {"Kill", "Signal"},
		"syscall.":   {"Kill"},
	},
}

var absent = use{
	category: category.NotBuildable,
	message:  " does not compile for guests, which cannot start processes: keep the call in a file that is not built for wasip1, or this function out of the app",
	native:   " fails in a native isolate, which cannot start processes: keep this function out of the app, or make a function of what it starts",
	funcs:    map[string][]string{"syscall.": {"Exec", "ForkExec"}},
}
