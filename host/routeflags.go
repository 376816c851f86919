package host

import (
	"cmp"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// remoteVariable is -remote in the environment, with commas between values.
const remoteVariable = "COFAAS_REMOTE"

// allServices stands for every service in -remote.
const allServices = "all"

// remoteFlag parses -remote.
type remoteFlag struct{ calls []RemoteCalls }

func (f *remoteFlag) String() string { return "" }

func (f *remoteFlag) Set(arg string) error {
	calls, address, hasAddress := strings.Cut(arg, "=")
	function, service, hasFunction := strings.Cut(calls, ":")
	if !hasFunction {
		function, service = "", function
	}
	if service == "" || hasFunction && function == "" || hasAddress && address == "" {
		return errors.New("want all, SERVICE or FUNCTION:SERVICE, and =ADDRESS where calls are not to go to the target that is dialled, as producer:prodcon.ProducerConsumer=consumer:3030")
	}
	if service == allServices {
		service = ""
	}
	f.calls = append(f.calls, RemoteCalls{Function: function, Service: service, Address: address})
	return nil
}

// setAll parses the values of a variable of the environment.
func (f *remoteFlag) setAll(value string) error {
	for arg := range strings.SplitSeq(value, ",") {
		if arg = strings.TrimSpace(arg); arg == "" {
			continue
		}
		if err := f.Set(arg); err != nil {
			return fmt.Errorf("invalid value %q in %s: %w", arg, remoteVariable, err)
		}
	}
	return nil
}

// check returns what is wrong with the flag for an app.
func (f *remoteFlag) check(app *App) (problems []string) {
	var known []string
	for i := range app.Functions {
		for _, service := range app.Functions[i].Imports {
			known = append(known, app.Functions[i].Name+":"+service)
		}
	}
	for i := range f.calls {
		r := &f.calls[i]
		covers := func(call string) bool {
			function, service, _ := strings.Cut(call, ":")
			return r.covers(function, service)
		}
		if (r.Function != "" || r.Service != "") && !slices.ContainsFunc(known, covers) {
			calls := cmp.Or(r.Service, allServices)
			if r.Function != "" {
				calls = r.Function + ":" + calls
			}
			problems = append(problems, fmt.Sprintf("-remote: there are no calls %q; there are %s", calls, cmp.Or(strings.Join(known, ", "), "none")))
		}
	}
	return problems
}

// routeFlag parses -route.
type routeFlag struct{ routes []TargetRoute }

func (f *routeFlag) String() string { return "" }

func (f *routeFlag) Set(arg string) error {
	// The last sign counts: a target may have some of its own.
	i := strings.LastIndex(arg, "=")
	if i <= 0 || i == len(arg)-1 {
		return errors.New("want TARGET=FUNCTION or FUNCTION:TARGET=FUNCTION, as mail.internal:25=mailer")
	}
	f.routes = append(f.routes, TargetRoute{Target: arg[:i], To: arg[i+1:]})
	return nil
}

// check finds out which routes are for one function's calls, and returns what is wrong with the flag for an app.
func (f *routeFlag) check(app *App) (problems []string) {
	names := functionNames(app)
	for i := range f.routes {
		r := &f.routes[i]
		// A target has colons too: "mailer:25" is one, unless a function is called so.
		if function, target, ok := strings.Cut(r.Target, ":"); ok && slices.Contains(names, function) && strings.Contains(target, ":") {
			r.Function, r.Target = function, target
		}
		if !slices.Contains(names, r.To) {
			problems = append(problems, fmt.Sprintf("-route: there is no function %q; the functions are %s", r.To, strings.Join(names, ", ")))
		}
	}
	return problems
}

// caFlag parses -remote-ca.
type caFlag struct{ files map[string][]byte }

func (f *caFlag) String() string { return "" }

func (f *caFlag) Set(arg string) error {
	name, path, ok := strings.Cut(arg, "=")
	if !ok {
		path = name
	}
	pem, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !x509.NewCertPool().AppendCertsFromPEM(pem) {
		return fmt.Errorf("%s has no certificate in PEM", path)
	}
	if f.files == nil {
		f.files = map[string][]byte{}
	}
	f.files[name] = pem
	return nil
}
