// Package session keeps the functions of some folders analyzed while their files change.
//
// A [Session] is told what an editor has: folders, and files that differ from those on disk. [Session.Update] brings what is known up
// to date and returns the diagnostics of the cofaas analyzer; in between, [Session.At] says what is known of a place in a file: which
// call of which function it is, and whether that call stays in the app.
//
// Updates cost what has changed. The go command is asked again only when imports, build constraints, annotations or files come and go;
// packages are parsed, type-checked and analyzed again only if they, or what they import, have changed. The standard library comes
// from export data, everything else from source, as for cofaas-vet.
//
// Code that does not compile is usual. What was known of a package and of what imports it then stays as it was, until it compiles again.
//
// The package knows nothing of the protocol that editors speak. It may import the analyzer, the plan, and golang.org/x/tools.
package session
