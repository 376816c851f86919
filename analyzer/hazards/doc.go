// Package hazards defines an Analyzer that finds what behaves differently in a guest than in a process: state that several instances
// do not share, files and processes that are not there, loops that wait without letting others run.
//
// # Analyzer hazards
//
// hazards: find what behaves differently in guests
//
// A guest is one of several instances of a function, has one thread, and no system around it but clocks and an environment. Most code does
// not notice. What may notice is found where it is written, and counts for a function only if the function's main reaches it; state counts
// only if an RPC handler or an interceptor writes it.
//
// What is reached is determined over the whole program: by calls, by mentions of functions, and, where a method of an interface is called,
// by the types that reached code mentions. Facts carry summaries of the user's packages up to the main package ([Closure]). The code of
// dependencies, which are modules with a version, is taken as given; only that they need cgo is noted.
//
// Whether a function writes state is followed through its parameters and receivers: a handler that calls s.store.Put(x) writes field store
// of its server if Put writes what it is a method of. Writes inside of sync.Once and its kind, and the first assignment to what is nil, are
// not counted: each instance does the same once.
//
// The analyzer reports nothing; its result is a [Result].
package hazards
