//go:build wasip1

package guest

import "unsafe"

// The exports of every guest.

//go:wasmexport cabi_realloc
func cabiRealloc(old unsafe.Pointer, oldSize, align, size uint32) unsafe.Pointer {
	// The host never asks this guest to grow a block: one block is enough for everything.
	return reallocate(size)
}

//go:wasmexport cofaas-control
func cofaasControl() unsafe.Pointer { return unsafe.Pointer(&control) }

//go:wasmexport init-component
func initComponent() uint32 {
	start()
	settle()
	return control.over
}

//go:wasmexport cofaas-transcode
func cofaasTranscode(codec, codecLen, method, methodLen, reply, data, dataLen, unknown, unknownLen uint32) unsafe.Pointer {
	return enterTranscoding([...]uint32{codec, codecLen, method, methodLen, reply, data, dataLen, unknown, unknownLen}).Serve().Pointer()
}

// The imports of every guest: interface cofaas:host/runtime.

//go:wasmimport cofaas:host/runtime ready
func importReady(network unsafe.Pointer, networkLen uint32, addr unsafe.Pointer, addrLen uint32)

func hostReady(network, addr string) {
	importReady(unsafe.Pointer(unsafe.StringData(network)), uint32(len(network)), unsafe.Pointer(unsafe.StringData(addr)), uint32(len(addr)))
}

//go:wasmimport cofaas:host/runtime set-serving-status
func importSetServingStatus(service unsafe.Pointer, serviceLen uint32, status int32)

func hostSetServingStatus(service string, status int32) {
	importSetServingStatus(unsafe.Pointer(unsafe.StringData(service)), uint32(len(service)), status)
}

//go:wasmimport cofaas:host/runtime metadata
func importMetadata(result unsafe.Pointer)

// fetchMetadata returns the metadata of the call being served, which the import gives as a list<u8>.
func fetchMetadata() []Pair {
	var list [2]uint32
	importMetadata(unsafe.Pointer(&list))
	in := takeInbound()
	pairs, _ := parseMeta(inboundBytes(list[0], list[1]))
	keepAlive(in)
	return pairs
}

//go:wasmimport cofaas:host/runtime finish
func hostFinish(id uint32, result unsafe.Pointer)

//go:wasmimport cofaas:host/runtime take
func hostTake(id uint32, result unsafe.Pointer)

//go:wasmimport cofaas:host/runtime abandon
func hostAbandon(id uint32)

//go:wasmimport cofaas:host/runtime poll
func hostPoll() uint32

//go:wasmimport cofaas:host/runtime take-events
func importTakeEvents(buf unsafe.Pointer, n uint32) uint32

func takeEvents(buf *[32]event) uint32 {
	return importTakeEvents(unsafe.Pointer(buf), uint32(len(buf)))
}

//go:wasmimport cofaas:host/runtime unroute
func hostUnroute(route uint32)

//go:wasmimport cofaas:host/runtime route
func importRoute(service unsafe.Pointer, serviceLen uint32, connection unsafe.Pointer, connectionLen uint32) uint32

func hostRoute(service string, connection []byte) uint32 {
	return importRoute(unsafe.Pointer(unsafe.StringData(service)), uint32(len(service)), unsafe.Pointer(unsafe.SliceData(connection)), uint32(len(connection)))
}

//go:wasmimport cofaas:host/runtime call
func importCall(route uint32, method unsafe.Pointer, methodLen uint32, request, result, options unsafe.Pointer, optionsLen uint32)

func hostCall(route uint32, fullMethod string, request, result unsafe.Pointer, options []byte) {
	importCall(route, unsafe.Pointer(unsafe.StringData(fullMethod)), uint32(len(fullMethod)), request, result, unsafe.Pointer(unsafe.SliceData(options)), uint32(len(options)))
}

// The imports of guests with streams: interface cofaas:host/streams.

//go:wasmimport cofaas:host/streams open
func importOpen(method unsafe.Pointer, n, route uint32, options unsafe.Pointer, optionsLen uint32) uint32

func hostOpen(fullMethod string, route uint32, options []byte) uint32 {
	return importOpen(unsafe.Pointer(unsafe.StringData(fullMethod)), uint32(len(fullMethod)), route, unsafe.Pointer(unsafe.SliceData(options)), uint32(len(options)))
}

//go:wasmimport cofaas:host/streams send
func hostSend(id uint32, message, problem unsafe.Pointer) uint32

//go:wasmimport cofaas:host/streams outbox
func importOutbox(id uint32, outbox unsafe.Pointer)

func hostOutbox(id uint32, o *outbox) { importOutbox(id, unsafe.Pointer(o)) }

//go:wasmimport cofaas:host/streams flush
func hostFlush()

// importReceive returns the code in the upper half and the number of messages in the lower one.
//
//go:wasmimport cofaas:host/streams receive
func importReceive(id uint32, at unsafe.Pointer, n uint32, problem unsafe.Pointer) uint32

func hostReceive(id uint32, at *[maxReceived]uint32, problem unsafe.Pointer) (code, n uint32) {
	r := importReceive(id, unsafe.Pointer(at), uint32(len(at)), problem)
	return r >> 16, r & 0xffff
}

//go:wasmimport cofaas:host/streams close-send
func hostCloseSend(id uint32)

//go:wasmimport cofaas:host/streams send-header
func importSendHeader(id uint32, meta unsafe.Pointer, n uint32)

func hostSendHeader(id uint32, meta []byte) {
	importSendHeader(id, unsafe.Pointer(unsafe.SliceData(meta)), uint32(len(meta)))
}

//go:wasmimport cofaas:host/streams header
func importHeader(id uint32, list unsafe.Pointer) uint32

func hostHeader(id uint32, list *[2]uint32) uint32 { return importHeader(id, unsafe.Pointer(list)) }

//go:wasmimport cofaas:host/streams end
func importEnd(id uint32, list, problem unsafe.Pointer) uint32

func hostEnd(id uint32, list *[2]uint32, problem unsafe.Pointer) uint32 {
	return importEnd(id, unsafe.Pointer(list), problem)
}

//go:wasmimport cofaas:host/streams close
func hostClose(id uint32)
