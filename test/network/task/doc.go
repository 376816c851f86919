// Package task is what the functions of the tests have in common: named tasks, and reports that come out the same natively and in a guest.
package task
