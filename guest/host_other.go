//go:build !wasip1

package guest

import "unsafe"

// Off Wasm there is no host. Ready and the like do nothing, so that native tests of the stubs can run; a call cannot be
// made up, and panics in the generated import.

func hostReady(network, addr string)                    {}
func hostSetServingStatus(service string, status int32) {}
func fetchMetadata() []Pair                             { return nil }

func hostFinish(id uint32, result unsafe.Pointer) {}
func hostTake(id uint32, result unsafe.Pointer)   {}
func hostAbandon(id uint32)                       {}
func takeEvents(*[32]event) uint32                { return 0 }

func hostUnroute(route uint32)                                                                 {}
func hostRoute(service string, connection []byte) uint32                                       { return 0 }
func hostCall(route uint32, fullMethod string, request, result unsafe.Pointer, options []byte) {}

func hostOpen(fullMethod string, route uint32, options []byte) uint32          { return 0 }
func hostSend(id uint32, message, problem unsafe.Pointer) uint32               { return streamOver }
func hostOutbox(id uint32, o *outbox)                                          {}
func hostFlush()                                                               {}
func hostCloseSend(id uint32)                                                  {}
func hostSendHeader(id uint32, meta []byte)                                    {}
func hostHeader(id uint32, list *[2]uint32) uint32                             { return streamOver }
func hostEnd(id uint32, list *[2]uint32, problem unsafe.Pointer) (code uint32) { return streamOver }
func hostClose(id uint32)                                                      {}

func hostReceive(id uint32, at *[maxReceived]uint32, problem unsafe.Pointer) (code, n uint32) {
	return streamOver, 0
}

// Poll has nobody to ask.
func Poll() {}
