// Package e2e runs real applications end to end: natively, as one process per function, and consolidated, as the host that
// cofaas-gen generates. The same client makes the same calls of both, and what comes back has to be the same.
package e2e
