// Package lsp is a language server for functions, to run beside gopls: it publishes what the cofaas analyzer finds while code is being
// written, offers the analyzer's fixes, and says of calls between functions where they go.
//
// It speaks the Language Server Protocol, version 3.17, over one connection to one editor. Everything that it knows comes from package
// session; this package turns it into messages. What gopls does, such as type errors and the code lens for go:generate, it leaves to gopls.
package lsp
