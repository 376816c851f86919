package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// instancesFlag parses -max-instances.
type instancesFlag struct {
	all        int
	byFunction map[string]int
}

func (f *instancesFlag) String() string { return "" }

func (f *instancesFlag) Set(arg string) error {
	function, number, named := strings.Cut(arg, "=")
	if !named {
		function, number = "", arg
	}
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 || named && (function == "" || n == 0) {
		return errors.New("want a number, or FUNCTION=NUMBER with at least 1, as producer=1")
	}
	if !named {
		f.all = n
		return nil
	}
	if f.byFunction == nil {
		f.byFunction = map[string]int{}
	}
	f.byFunction[function] = n
	return nil
}

// check returns what is wrong with the flag for an app.
func (f *instancesFlag) check(app *App) (problems []string) {
	for _, function := range slices.Sorted(maps.Keys(f.byFunction)) {
		if names := functionNames(app); !slices.Contains(names, function) {
			problems = append(problems, fmt.Sprintf("-max-instances: there is no function %q; the functions are %s", function, strings.Join(names, ", ")))
		}
	}
	return problems
}
