package host

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/host/internal/mounts"
)

// mountFlag parses -mount.
type mountFlag struct {
	byFunction map[string][]Mount
	order      []string // the functions
}

func (f *mountFlag) String() string { return "" }

func (f *mountFlag) Set(arg string) error {
	const want = "want FUNCTION:PATH=FILE, as cart:/etc/app=./conf"
	function, rest, ok := strings.Cut(arg, ":")
	guest, file, ok2 := strings.Cut(rest, "=")
	file, _ = strings.CutSuffix(file, ":ro")
	if !ok || !ok2 || function == "" || file == "" {
		return errors.New(want)
	}
	if strings.HasSuffix(file, ":rw") {
		return errors.New("a function cannot write files: its instances come and go, and share nothing but what others keep for them; " + want)
	}
	if err := mounts.CheckPath(guest); err != nil {
		return fmt.Errorf("the path %w; %s", err, want)
	}
	if f.byFunction == nil {
		f.byFunction = map[string][]Mount{}
	}
	f.byFunction[function] = append(f.byFunction[function], Mount{Guest: guest, Host: file})
	f.order = append(f.order, function)
	return nil
}

// check returns what is wrong with the flag for an app, and with the files.
func (f *mountFlag) check(app *App) (problems []string) {
	for _, function := range slices.Compact(slices.Sorted(slices.Values(f.order))) {
		if !slices.Contains(functionNames(app), function) {
			problems = append(problems, unknownFunction("-mount", function, app))
		}
		list := f.byFunction[function]
		for i, m := range list {
			if _, err := os.Stat(m.Host); err != nil {
				problems = append(problems, fmt.Sprintf("-mount %s:%s=%s: %v", function, m.Guest, m.Host, err))
			}
			if slices.ContainsFunc(list[:i], func(other Mount) bool { return other.Guest == m.Guest }) {
				problems = append(problems, fmt.Sprintf("-mount %s:%s=%s: something else is mounted there already", function, m.Guest, m.Host))
			}
			// Whatever becomes of the working folder.
			if abs, err := filepath.Abs(m.Host); err == nil {
				list[i].Host = abs
			}
		}
	}
	return problems
}
