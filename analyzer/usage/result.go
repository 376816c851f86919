package usage

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"

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
	Outbound      []*Outbound
	Needs         []*Need
	Problems      []Problem
}

// A Site is a place in the source.
type Site struct {
	Pos    token.Pos
	Func   *types.Func // the declared function that it is in; nil in initializers of variables
	Reason string      // one sentence
	// ID tells sites of a program apart. A site that depends on parameters of Func
	// is Open, and occurs again, with the same ID, where Func is called.
	ID   string
	Open bool
	// Pkg is the path of the package that has the site, if what is here is a call
	// of a function around it.
	Pkg string
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

// A Listen makes a listener: a call of net.Listen, tls.Listen or
// (*net.ListenConfig).Listen, or of a function that makes one so.
type Listen struct {
	Site
	Use     Use
	Kind    ListenKind
	Address Value
	// Opener is the function of another package that makes the listener, if it is
	// one.
	Opener *types.Func
	call   *ast.CallExpr
}

// Call returns the call that l is, or nil if it is made where a function of
// another package is called that serves on its own.
func (l *Listen) Call() *ast.CallExpr { return l.call }

// Rewritten reports whether the call is rewritten if its package is: unless it is
// known to serve nothing of gRPC.
func (l *Listen) Rewritten() bool { return l.call != nil && l.Opener == nil && l.Use != Kept }

// A ListenKind says what is called to make a listener.
type ListenKind int

const (
	NetListen    ListenKind = iota // net.Listen
	TLSListen                      // tls.Listen
	ConfigListen                   // (*net.ListenConfig).Listen
)

// A Use is what a listener or a connection serves.
type Use int

const (
	Unknown Use = iota // it could not be determined
	Kept               // not gRPC
	RPC                // gRPC and nothing else
	Shared             // gRPC and something else
)

func (u Use) String() string {
	switch u {
	case Kept:
		return "kept"
	case RPC:
		return "rpc"
	case Shared:
		return "shared"
	}
	return "unknown"
}

// An Outbound is a call that makes a connection of package net. None is
// rewritten: what serves a connection of gRPC is not called for calls between
// functions.
type Outbound struct {
	Site
	Use     Use
	Address Value
	What    string // as in "net.Dial"
}

// A Need is a call that wants something of the system. One that leads to several
// addresses is there several times.
type Need struct {
	Site
	Want
}

// IsNeed reports whether there is a Need at pos.
func (r *Result) IsNeed(pos token.Pos) bool {
	return slices.ContainsFunc(r.Needs, func(n *Need) bool { return n.Pos == pos })
}

// A Problem stands in the way of running the package in a guest.
type Problem struct {
	Pos      token.Pos
	Func     *types.Func // as for Site
	Category string
	Message  string // subject: what to do
}
