package grpc

import (
	"context"

	"github.com/cofaas/cofaas/guest"
)

var (
	// findImport returns nil when no function of the app exports the method.
	findImport = func(fullMethod string) importedMethod {
		if imp := guest.FindImport(fullMethod); imp != nil {
			return imp
		}
		return nil
	}

	// findRoute returns the number of the host's route to a service, or 0 if it makes no difference what was dialled.
	findRoute = guest.Route
	// giveRoute gives such a number back.
	giveRoute = guest.Unroute

	// bindExport reports whether the guest exports the method.
	bindExport = bindToGuest

	// findStreamImport returns nil when no function of the app exports the method as a streaming one.
	findStreamImport = func(fullMethod string) opener {
		if imp := guest.FindStreamImport(fullMethod); imp != nil {
			return func(_ context.Context, call *guest.ClientCall) transport { return imp.Open(call) }
		}
		return nil
	}

	// bindStreamExport reports whether the guest exports the method as a streaming one.
	bindStreamExport = func(fullMethod string, m *boundStream) bool {
		export := guest.FindStreamExport(fullMethod)
		if export == nil {
			return false
		}
		export.Bind(m)
		return true
	}

	// settle waits until what was answered has gone out.
	settle = func() {}

	// ready tells the host that the function serves on an address.
	ready = guest.Ready

	// poll delivers what the host has to say, such as that a call was cancelled.
	poll = guest.Poll
)
