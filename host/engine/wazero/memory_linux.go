package wazero

import "syscall"

const mapNoReserve = syscall.MAP_NORESERVE

// advise asks for huge pages. A new guest takes fresh memory until its first collection, and a page fault for every fourth message
// of 1 KB is a good part of what its first thousands of calls cost. The price is some 3 MB per instance. A system that has no
// huge pages says so, and nothing is lost.
func advise(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
