package wit

import (
	"fmt"

	"github.com/cofaas/cofaas/internal/mapping"
	"github.com/cofaas/cofaas/internal/model"
)

// serviceNames are the names in the interface of a service.
type serviceNames struct {
	types  typeNames
	status string
	// functions and calls are those of methods, by index; calls are the resources of streaming ones.
	functions, calls []string
}

func (p *printer) service(s *model.Service) {
	p.doc(s.Doc)
	p.open("interface " + id(mapping.Kebab(string(s.Name.Name()))))
	names := serviceNames{functions: mapping.Functions(s), calls: make([]string, len(s.Methods))}
	taken := mapping.Scope{}
	for _, f := range names.functions {
		taken[f] = 1
	}
	for i, m := range s.Methods {
		if m.Streaming() {
			names.calls[i] = taken.Unique(names.functions[i] + "-call")
		}
	}
	names.status = taken.Unique("status")
	if len(s.Methods) > 0 {
		item := "status"
		if names.status != item {
			item += " as " + names.status
		}
		p.line("use cofaas:grpc/types.{" + item + "};")
	}
	names.types = p.use(methodRefs(s), packageID(s.File.Package), taken)
	first := true
	for i, m := range s.Methods {
		if m.Streaming() {
			p.gap(&first)
			p.call(m, names.calls[i], &names)
		}
		p.gap(&first)
		p.doc(m.Doc)
		param, result := "request: "+id(names.types[m.Request.Name]), id(names.types[m.Reply.Name])
		if m.StreamingClient {
			param = ""
		}
		if m.Streaming() {
			result = id(names.calls[i])
		}
		p.line(fmt.Sprintf("%s: func(%s) -> result<%s, %s>;", id(names.functions[i]), param, result, names.status))
	}
	p.close()
}

// call prints the resource that is a running call of a streaming method.
//
// What ends a call takes it away from its caller: a static function that owns it, as the interfaces of WASI have it, so that
// nothing can be sent afterwards. Who drops a call instead cancels it, as grpc-go does when the context of a stream is cancelled.
func (p *printer) call(m *model.Method, name string, names *serviceNames) {
	request, reply := id(names.types[m.Request.Name]), id(names.types[m.Reply.Name])
	p.line(fmt.Sprintf("/// A call of %s. To drop it before its end is to cancel it.", m.Name))
	p.open("resource " + id(name))
	if m.StreamingClient {
		p.line("/// Sends a request. After an error nothing more is to be sent.")
		p.line(fmt.Sprintf("send: func(message: %s) -> result<_, %s>;", request, names.status))
	}
	switch {
	case !m.StreamingServer:
		p.line("")
		p.line("/// Says that all requests are sent, and returns the reply.")
		p.line(fmt.Sprintf("close-and-recv: static func(this: %s) -> result<%s, %s>;", id(name), reply, names.status))
	case m.StreamingClient:
		p.line("")
		p.line("/// Says that all requests are sent. Replies may follow.")
		p.line(fmt.Sprintf("close-send: func() -> result<_, %s>;", names.status))
		p.line("")
		fallthrough
	default:
		p.line("/// Returns the next reply, or none after the last one.")
		p.line(fmt.Sprintf("recv: func() -> result<option<%s>, %s>;", reply, names.status))
	}
	p.close()
}
