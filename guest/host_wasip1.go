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
	if !start() {
		return 1
	}
	return 0
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
