package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/cofaas/cofaas/internal/placement"
)

// placeFlag parses -place.
type placeFlag struct{ byFunction map[string]string }

func (f *placeFlag) String() string { return "" }

func (f *placeFlag) Set(arg string) error {
	e, err := placement.Parse(arg)
	switch {
	case err != nil:
		return err
	case e.Function == "" || len(e.Places) != 1:
		return errors.New("want FUNCTION=PLACE, as cart=native")
	}
	if f.byFunction == nil {
		f.byFunction = map[string]string{}
	}
	f.byFunction[e.Function] = string(e.Places[0])
	return nil
}

// check returns what is wrong with the flag for an app.
func (f *placeFlag) check(app *App) (problems []string) {
	// Each of them is there by itself.
	for _, name := range slices.Sorted(maps.Keys(f.byFunction)) {
		if err := app.checkPlaces(map[string]string{name: f.byFunction[name]}); err != nil {
			problems = append(problems, "-place: "+err.Error())
		}
	}
	return problems
}

// checkProcesses returns what is wrong with -processes for an app.
func (s *settings) checkProcesses(app *App) (problems []string) {
	opts := Options{Places: s.places.byFunction}
	for i := range app.Functions {
		spec := &app.Functions[i]
		if place := opts.placeOf(spec); s.processes.byFunction[spec.Name] > 0 && place != placement.Native {
			problems = append(problems, fmt.Sprintf("-processes: function %s runs as %s: only a function that is native has processes of its own", spec.Name, place))
		}
	}
	return problems
}

// choiceFlag is a flag with one of several values.
type choiceFlag struct {
	value   *string
	choices []string
}

func (f choiceFlag) String() string {
	if f.value == nil {
		return ""
	}
	return *f.value
}

func (f choiceFlag) Set(arg string) error {
	if !slices.Contains(f.choices, arg) {
		return fmt.Errorf("want %s or %s", f.choices[0], f.choices[1])
	}
	*f.value = arg
	return nil
}
