// Package filter says which system calls a native isolate has, as a program for seccomp.
//
// What is not listed does not exist: ENOSYS, which libraries know from older kernels. What is known and refused is EPERM, or what else
// programs understand. Where it depends on arguments only such are looked at that are numbers: what pointers lead to may change while the
// kernel looks at it. What depends on that is asked of the host, by a notification.
package filter
