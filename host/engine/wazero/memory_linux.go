package wazero

import "syscall"

const mapNoReserve = syscall.MAP_NORESERVE

// adviseGrowth asks for huge pages in what an instance will grow into. A new guest takes fresh memory until its first collection,
// and a page fault for every fourth message of 1 KB is a good part of what its first thousands of calls cost. What an instance
// begins with is touched here and there, and is better left in small pages. A system without huge pages says so, and nothing is
// lost.
func adviseGrowth(b []byte) { _ = syscall.Madvise(b, syscall.MADV_HUGEPAGE) }
