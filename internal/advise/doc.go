// Package advise says where functions should run: as Wasm guests in the host's process, as native isolates, or elsewhere. It knows the
// profile of a host, which is a JSON file of calls, bytes and times, and predicts from it what a call of each function takes in each
// place.
//
// It measures nothing: hosts write profiles, and package calibrate measures what calls cost on a machine. It imports the standard
// library and internal/placement only, as it is linked into hosts.
package advise
