// Command circles builds a target in circles, in more ways than can be followed.
// What matters is that the analysis ends.
package main

import (
	"fmt"

	"google.golang.org/grpc"
)

func main() {
	grpc.NewClient(f0("x", 3)) // want `dial not constant: `
}

func f0(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f1(s+"a", n-1), f2(s+"b", n-1), f5(s, n-1))
	return s + f3(s, n-1)
}

func f1(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f2(s+"a", n-1), f3(s+"b", n-1), f6(s, n-1))
	return s + f4(s, n-1)
}

func f2(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f3(s+"a", n-1), f4(s+"b", n-1), f7(s, n-1))
	return s + f5(s, n-1)
}

func f3(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f4(s+"a", n-1), f5(s+"b", n-1), f8(s, n-1))
	return s + f6(s, n-1)
}

func f4(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f5(s+"a", n-1), f6(s+"b", n-1), f9(s, n-1))
	return s + f7(s, n-1)
}

func f5(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f6(s+"a", n-1), f7(s+"b", n-1), f10(s, n-1))
	return s + f8(s, n-1)
}

func f6(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f7(s+"a", n-1), f8(s+"b", n-1), f11(s, n-1))
	return s + f9(s, n-1)
}

func f7(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f8(s+"a", n-1), f9(s+"b", n-1), f0(s, n-1))
	return s + f10(s, n-1)
}

func f8(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f9(s+"a", n-1), f10(s+"b", n-1), f1(s, n-1))
	return s + f11(s, n-1)
}

func f9(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f10(s+"a", n-1), f11(s+"b", n-1), f2(s, n-1))
	return s + f0(s, n-1)
}

func f10(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f11(s+"a", n-1), f0(s+"b", n-1), f3(s, n-1))
	return s + f1(s, n-1)
}

func f11(s string, n int) string {
	if n == 0 {
		return s
	}
	s = fmt.Sprintf("%s%s%s", f0(s+"a", n-1), f1(s+"b", n-1), f4(s, n-1))
	return s + f2(s, n-1)
}
