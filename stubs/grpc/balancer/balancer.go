// Package balancer stands in for google.golang.org/grpc/balancer in a guest: what chooses among connections, and the registry of
// such balancers.
//
// Inert in a guest: the host chooses the instance that answers a call, so no connection ever builds a balancer. balancer.go has
// balancers, conn.go what they balance, pick.go how they choose, and state.go states of many connections in one.
package balancer

import (
	"context"
	"encoding/json"
	"errors"
	"net"

	"github.com/cofaas/cofaas/stubs/grpc/channelz"
	"github.com/cofaas/cofaas/stubs/grpc/credentials"
	"github.com/cofaas/cofaas/stubs/grpc/resolver"
	"github.com/cofaas/cofaas/stubs/grpc/serviceconfig"
)

// Builder makes the balancers of a name. If it is a [ConfigParser] too, it parses their configs.
type Builder interface {
	// Build returns a balancer for a connection.
	Build(cc ClientConn, opts BuildOptions) Balancer
	// Name returns the name by which service configs choose the balancer.
	Name() string
}

// ConfigParser parses the configs of balancers.
type ConfigParser interface {
	// ParseConfig parses JSON. It ignores what it does not know.
	ParseConfig(LoadBalancingConfigJSON json.RawMessage) (serviceconfig.LoadBalancingConfig, error)
}

// BuildOptions tell a builder about the connection.
type BuildOptions struct {
	// DialCreds are the transport credentials of the connection.
	DialCreds credentials.TransportCredentials
	// CredsBundle is the credentials bundle of the connection.
	CredsBundle credentials.Bundle
	// Dialer makes the connections, nil unless the application gave one.
	Dialer func(context.Context, string) (net.Conn, error)
	// Authority is the authority of calls.
	Authority string
	// ChannelzParent is the connection in channelz.
	ChannelzParent channelz.Identifier
	// CustomUserAgent is the user agent of the connection.
	CustomUserAgent string
	// Target is the dial target.
	Target resolver.Target
}

// Balancer turns what a target stands for into connections to servers, and gives their [ClientConn] a [Picker] that chooses among
// these. Its methods are called one after the other.
type Balancer interface {
	// UpdateClientConnState tells what the target stands for. After [ErrBadResolverState] it is resolved again.
	UpdateClientConnState(ClientConnState) error
	// ResolverError tells that resolving failed.
	ResolverError(error)
	// UpdateSubConnState tells the state of a connection.
	//
	// Deprecated: use NewSubConnOptions.StateListener.
	UpdateSubConnState(SubConn, SubConnState)
	// Close ends the balancer.
	Close()
	// ExitIdle makes idle connections connect.
	ExitIdle()
}

// ExitIdler is a part of [Balancer] that used not to be one.
//
// Deprecated: all balancers have it.
type ExitIdler interface {
	ExitIdle()
}

// ClientConnState is what a target stands for, as a balancer sees it.
type ClientConnState struct {
	ResolverState resolver.State
	// BalancerConfig is what the builder's ParseConfig returned.
	BalancerConfig serviceconfig.LoadBalancingConfig
}

// ErrBadResolverState says that a balancer cannot use what the target stands for.
var ErrBadResolverState = errors.New("bad resolver state")

// builders are the registered ones, at first those that grpc-go has from the start.
var builders = map[string]Builder{
	"pick_first":  unbalanced("pick_first"),
	"round_robin": unbalanced("round_robin"),
}

// Register registers a builder under its name; the last one wins. Call it from init only.
func Register(b Builder) { builders[b.Name()] = b }

// Get returns the builder that is registered under a name, nil if there is none.
func Get(name string) Builder { return builders[name] }

// unbalanced is the name of a balancer that a guest has no use for.
type unbalanced string

func (b unbalanced) Name() string                            { return string(b) }
func (b unbalanced) Build(ClientConn, BuildOptions) Balancer { return idle{} }

// idle is a balancer that somebody has built nevertheless.
type idle struct{}

func (idle) UpdateClientConnState(ClientConnState) error {
	return errors.New("balancer: a guest has no connections to balance")
}
func (idle) ResolverError(error)                      {}
func (idle) UpdateSubConnState(SubConn, SubConnState) {}
func (idle) Close()                                   {}
func (idle) ExitIdle()                                {}
