package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// limitFlag parses -max-instances, -max-descriptors and -processes: a number of every function, or of one.
type limitFlag struct {
	all        int
	byFunction map[string]int
}

func (f *limitFlag) String() string { return "" }

func (f *limitFlag) Set(arg string) error {
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

// check returns what is wrong with the flag of that name for an app.
func (f *limitFlag) check(name string, app *App) (problems []string) {
	for _, function := range slices.Sorted(maps.Keys(f.byFunction)) {
		if !slices.Contains(functionNames(app), function) {
			problems = append(problems, unknownFunction(name, function, app))
		}
	}
	return problems
}

// unknownFunction is what is wrong with a flag that is about a function which is not in the app.
func unknownFunction(flag, function string, app *App) string {
	return flag + ": " + unknownFunctionName(function, app)
}

func unknownFunctionName(function string, app *App) string {
	return fmt.Sprintf("there is no function %q; the functions are %s", function, strings.Join(functionNames(app), ", "))
}
