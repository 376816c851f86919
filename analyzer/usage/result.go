package usage

import (
	"go/ast"
	"go/token"
	"go/types"

	"github.com/cofaas/cofaas/analyzer/services"
)

// A Result has the sites of one package, each list in the order of the files.
type Result struct {
	Registrations []*Registration
	Clients       []*Client
	Dials         []*Dial
	Servers       []*Server
	Serves        []*Serve
	Listens       []*Listen
	Problems      []Problem
}

// A Site is a place in the source.
type Site struct {
	Pos    token.Pos
	Func   *types.Func // the declared function that it is in; nil in initializers of variables
	Reason string      // one sentence
}

// A Registration registers a service with a server.
type Registration struct {
	Site
	Service *services.Service // nil if unknown; its messages have no types
	Server  *Server           // nil if unknown
}

// A Client makes a client for a service, or calls one of its methods without a
// generated client.
type Client struct {
	Site
	Service *services.Service
	Dial    *Dial // nil if unknown
	Target  Value
}

// A Dial makes a connection.
type Dial struct {
	Site
	Target Value

	call *ast.CallExpr
}

// A Server is a call of grpc.NewServer.
type Server struct {
	Site

	call *ast.CallExpr
}

// A Serve is a call of (*grpc.Server).Serve.
type Serve struct {
	Site
	Server *Server // nil if unknown
	Listen *Listen // nil if unknown

	call *ast.CallExpr
}

// A Listen is a call of net.Listen or of (*net.ListenConfig).Listen.
type Listen struct {
	Site
	Use     Use
	Config  bool // a method of net.ListenConfig
	Network Value
	Address Value

	call *ast.CallExpr
}

// Call returns the call that l is.
func (l *Listen) Call() *ast.CallExpr { return l.call }

// Rewritten reports whether the call is rewritten if its package is: it serves
// gRPC only, and is a call of net.Listen.
func (l *Listen) Rewritten() bool { return l.Use == RPC && !l.Config }

// A Use is what a listener serves.
type Use int

const (
	Unknown Use = iota // it could not be determined
	Kept               // not gRPC, or not only
	RPC                // gRPC and nothing else
)

func (u Use) String() string {
	switch u {
	case Kept:
		return "kept"
	case RPC:
		return "rpc"
	}
	return "unknown"
}

// A Problem stands in the way of running the package in a guest.
type Problem struct {
	Pos      token.Pos
	Func     *types.Func // as for Site
	Category string
	Message  string // subject: what to do
}
