package host

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/cofaas/cofaas/channel"
	"github.com/cofaas/cofaas/internal/placement"
	"github.com/cofaas/cofaas/isolate/protocol"
)

func (o *Options) waiting() channel.Waiting {
	if o.Waiting == protocol.Sleeping {
		return channel.Sleeping
	}
	return channel.Adaptive
}

func (o *Options) channelKind() channel.Kind {
	if o.Channel == protocol.Socket {
		return channel.Socket
	}
	return channel.Memory
}

// bestChannel is the name of the quickest kind that the system has.
func bestChannel() string {
	if channel.Best() == channel.Memory {
		return protocol.Memory
	}
	return protocol.Socket
}

// built are the places that the function was built for, the default first.
func (f *Function) built() []placement.Place {
	if len(f.Places) == 0 {
		return []placement.Place{placement.Wasm}
	}
	places := make([]placement.Place, len(f.Places))
	for i, p := range f.Places {
		places[i] = placement.Place(p)
	}
	return places
}

// placeOf is where a function runs: where the operator says, or where it does by default.
func (o *Options) placeOf(f *Function) placement.Place {
	if p := o.Places[f.Name]; p != "" {
		return placement.Place(p)
	}
	return f.built()[0]
}

// checkPlaces returns what is wrong with what the operator says of places, for an app.
func (a *App) checkPlaces(places map[string]string) error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(places)) {
		place := placement.Place(places[name])
		i := slices.IndexFunc(a.Functions, func(f Function) bool { return f.Name == name })
		switch {
		case i < 0:
			errs = append(errs, errors.New(unknownFunctionName(name, a)))
		case !slices.Contains(placement.All, place):
			errs = append(errs, fmt.Errorf("%q is no place for a function: want wasm, native or remote", place))
		case place == placement.Remote && name == a.Root:
			errs = append(errs, fmt.Errorf("%s is the function that this host serves: it cannot be remote", name))
		case place != placement.Remote && !slices.Contains(a.Functions[i].built(), place):
			built := strings.Join(placeNames(a.Functions[i].built()), " and ")
			errs = append(errs, fmt.Errorf("%s has been built for %s only: to have it as %s too, generate with cofaas-gen -place %s=%s, and build again",
				name, built, place, name, strings.Join(placeNames(append(a.Functions[i].built(), place)), ",")))
		}
	}
	return errors.Join(errs...)
}

func placeNames(places []placement.Place) []string {
	names := make([]string, len(places))
	for i, p := range places {
		names[i] = string(p)
	}
	return names
}
