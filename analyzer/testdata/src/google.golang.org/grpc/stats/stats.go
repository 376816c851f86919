// Package stats has the declarations of the real one that tests need.
package stats

type Handler interface{ HandleRPC(RPCStats) }

type RPCStats interface{ IsClient() bool }
