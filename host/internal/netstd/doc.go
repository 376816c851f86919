// Command netstd runs the standard library's own tests of packages net and net/http in a guest: with package net as guests have it (see
// internal/netoverlay), the host's sockets, the engine of hosts, and all allowed. Nothing of the tests or of what they test is changed.
//
//	netstd [PACKAGE]...              runs go test -short of packages, by default of net and net/http, and closes with the counts
//	netstd -exec PROGRAM [ARG]...    runs a program of GOOS=wasip1, as the -exec of go test; see go help run
//
// What fails must be what expected.txt says, no more and no less.
package main
