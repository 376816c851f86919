// Command order sets variables again and again.
package main

import (
	"flag"
	"os"

	"google.golang.org/grpc"

	"pb/greeter"
	"pb/legacy"
)

var fromFlag = flag.String("x", "flag:1", "")

func main() {
	c := dial("a:1")            // want `dial "a:1"`
	greeter.NewGreeterClient(c) // want `client x.Greeter: .*"a:1"`
	defer c.Close()
	c = dial("b:1")         // want `dial "b:1"`
	legacy.NewEchoClient(c) // want `client Echo: .*"b:1"`
	if len(os.Args) > 1 {
		c = dial("c:1")             // want `dial "c:1"`
		greeter.NewGreeterClient(c) // want `client x.Greeter: .*"c:1"`
	}
	legacy.NewEchoClient(c) // want `client Echo: target is not constant: "b:1" or "c:1"`
	c = dial("d:1")         // want `dial "d:1"`
	for range 3 {
		greeter.NewGreeterClient(c) // want `client x.Greeter: target is not constant: "d:1" or "e:1"`
		c = dial("e:1")             // want `dial "e:1"`
		legacy.NewEchoClient(c)     // want `client Echo: .*"e:1"`
	}
	switch {
	case len(os.Args) > 2:
		c = dial("f:1") // want `dial "f:1"`
	default:
		c = dial("g:1") // want `dial "g:1"`
	}
	greeter.NewGreeterClient(c) // want `client x.Greeter: target is not constant: .*"f:1"`
	c = dial("h:1")             // want `dial "h:1"`
	func() {
		greeter.NewGreeterClient(c) // want `client x.Greeter: target is not constant: one of \d values`
	}()
	param("i:1", "j:1") // want `dial "j:1"` `client x.Greeter: .*"j:1"`
	target := "k:1"
	if len(os.Args) > 3 {
		target = *fromFlag
	}
	dial(target) // want `dial not constant: "k:1" or flag x \(default flag:1\)`
	target = "l:1"
	dial(target) // want `dial "l:1"`
}

func param(a, b string) {
	a = b
	greeter.NewGreeterClient(dial(a))
}

func dial(target string) *grpc.ClientConn {
	conn, _ := grpc.NewClient(target)
	return conn
}
