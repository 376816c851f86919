// Command values has connections take every way from the dial to the client.
package main

import (
	"context"
	"fmt"
	"net"
	"strconv"

	"google.golang.org/grpc"

	"pb/greeter"
	"pb/legacy"
	"pb/plain"
)

type holder struct {
	conn  *grpc.ClientConn
	conns map[string]*grpc.ClientConn
}

type dialer interface{ dial() *grpc.ClientConn }

type fixed struct{ target string }

func (f fixed) dial() *grpc.ClientConn { return must(f.target) } // want `dial not constant: "method:1" or "iface:1"`

type wrapper struct{ grpc.ClientConnInterface }

func main() {
	// Collections.
	list := []*grpc.ClientConn{must("slice:1")} // want `dial "slice:1"`
	greeter.NewGreeterClient(list[0])           // want `client x.Greeter: .*"slice:1"`
	for _, conn := range list {
		legacy.NewEchoClient(conn) // want `client Echo: .*"slice:1"`
	}
	var more []*grpc.ClientConn
	more = append(more, must("append:1"))       // want `dial "append:1"`
	greeter.NewGreeterClient(more[len(more)-1]) // want `client x.Greeter: .*"append:1"`
	h := holder{conns: map[string]*grpc.ClientConn{}}
	h.conns["a"] = must("map:1")                              // want `dial "map:1"`
	greeter.NewGreeterClient(h.conns["a"])                    // want `client x.Greeter: .*"map:1"`
	lit := map[string]*grpc.ClientConn{"b": must("maplit:1")} // want `dial "maplit:1"`
	greeter.NewGreeterClient(lit["b"])                        // want `client x.Greeter: .*"maplit:1"`
	array := [...]*grpc.ClientConn{must("array:1")}           // want `dial "array:1"`
	greeter.NewGreeterClient(array[0])                        // want `client x.Greeter: .*"array:1"`

	// Channels and pointers.
	ch := make(chan *grpc.ClientConn, 1)
	ch <- must("chan:1")           // want `dial "chan:1"`
	greeter.NewGreeterClient(<-ch) // want `client x.Greeter: .*"chan:1"`
	var out *grpc.ClientConn
	set(&out, "out:1")               // want `dial "out:1"`
	greeter.NewGreeterClient(out)    // want `client x.Greeter: .*"out:1"`
	set(&h.conn, "field:1")          // want `dial "field:1"`
	greeter.NewGreeterClient(h.conn) // want `client x.Greeter: .*"field:1"`
	p := &out
	greeter.NewGreeterClient(*p) // want `client x.Greeter: .*"out:1"`

	// Functions as values, methods, interfaces.
	open := must
	greeter.NewGreeterClient(open("value:1"))                               // want `client x.Greeter: .*"value:1"`
	closure := func(target string) *grpc.ClientConn { return must(target) } // want `dial not constant: "closure:1" or "closure:2"`
	greeter.NewGreeterClient(closure("closure:1"))                          // want `client x.Greeter: .*"closure:1"`
	legacy.NewEchoClient(closure("closure:2"))                              // want `client Echo: .*"closure:2"`
	greeter.NewGreeterClient(fixed{"method:1"}.dial())                      // want `client x.Greeter: .*"method:1"`
	var d dialer = fixed{target: "iface:1"}
	greeter.NewGreeterClient(d.dial())                              // want `client x.Greeter: .*"iface:1"`
	greeter.NewGreeterClient(wrapper{must("wrapped:1")})            // want `dial "wrapped:1"` `client x.Greeter: .*"wrapped:1"`
	greeter.NewGreeterClient(any(must("any:1")).(*grpc.ClientConn)) // want `dial "any:1"` `client x.Greeter: .*"any:1"`
	switch c := any(must("switch:1")).(type) {                      // want `dial "switch:1"`
	case *grpc.ClientConn:
		greeter.NewGreeterClient(c) // want `client x.Greeter: .*"switch:1"`
	}

	// Generics, and constructors as arguments.
	connect("generic:1", greeter.NewGreeterClient)        // want `dial "generic:1"` `client x.Greeter: .*"generic:1"`
	connect("generic:2", plain.NewPlainClient)            // want `dial "generic:2"` `client x.Plain: .*"generic:2"`
	greeter.NewGreeterClient(first(must("first:1"), nil)) // want `dial "first:1"` `client x.Greeter: .*"first:1"`

	// What a client is made of in a function that gets the connection.
	use(must("param:1"))   // want `dial "param:1"` `client x.Greeter: .*target is "param:1", made in main.use at main.go:\d+`
	use(must("param:2"))   // want `dial "param:2"` `client x.Greeter: .*target is "param:2", made in main.use`
	New("chain:1").greet() // want `dial "chain:1", dialled in`

	// Computed targets.
	must(fmt.Sprintf("%s:%d", "printed", 1))           // want `dial "printed:1"`
	must(net.JoinHostPort("joined", strconv.Itoa(80))) // want `dial "joined:80"`
	must("dns:///" + host + ":" + "1")                 // want `dial "dns:///host:1"`
	must(fmt.Sprintf("%q", "x"))                       // want `dial not constant: a computed value`
	must(pick(3))                                      // want `dial not constant: "one:1" or "two:1"`
	must(loop(2))                                      // want `dial `

	// Methods by name.
	conn := must("raw:1") // want `dial "raw:1"`
	method := "/x.Raw/M"
	conn.Invoke(context.Background(), method, nil, nil)    // want `client x.Raw: .*called without a generated client`
	call(conn, "/x.Other/N")                               // want `client x.Greeter: `
	conn.Invoke(context.Background(), unknown(), nil, nil) // want `unroutable: `
}

const host = "host"

func must(addr string) *grpc.ClientConn {
	conn, err := grpc.NewClient(addr) // want `dial not constant: parameter addr of must`
	if err != nil {
		panic(err)
	}
	return conn
}

func set(conn **grpc.ClientConn, addr string) {
	var err error
	*conn, err = grpc.NewClient(addr)
	if err != nil {
		panic(err)
	}
}

func connect[T any](target string, newClient func(grpc.ClientConnInterface) T) T {
	return newClient(must(target))
}

func first[T any](a, b T) T { return a }

func use(conn grpc.ClientConnInterface) { greeter.NewGreeterClient(conn) }

type service struct{ conn *grpc.ClientConn }

func New(target string) *service { return &service{conn: must(target)} }

func (s *service) greet() { greeter.NewGreeterClient(s.conn) } // want `client x.Greeter: .*"chain:1"`

func pick(n int) string {
	if n > 2 {
		return "one:1"
	}
	return "two:1"
}

func loop(n int) string {
	if n == 0 {
		return "end:1"
	}
	return loop(n - 1)
}

func call(conn *grpc.ClientConn, method string) {
	greeter.NewGreeterClient(conn)
}

func unknown() string { return "" }

// What follows only looks like it.

type pretender struct{}

func (pretender) Invoke(ctx context.Context, method string, args, reply any) error { return nil } // ok
func (pretender) Dial(target string) *pretender                                    { return nil } // ok
func NewGreeterClient(p *pretender) *pretender                                     { return p }   // ok
func NewClient(target string) *pretender                                           { return nil } // ok

func pretend() {
	NewGreeterClient(NewClient("not:1"))                                         // ok
	pretender{}.Dial("not:2").Invoke(context.Background(), "/x.Not/M", nil, nil) // ok
	net.Dial("tcp", "x:1")                                                       // want `outbound net.Dial to x:1 kept: no dialer of gRPC calls it`
}
