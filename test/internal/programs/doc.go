// Package programs builds and runs what end-to-end tests test: functions and their hosts, as programs. It is for tests alone.
package programs
