// Package conns makes connections and clients for others. // want package:"configures"
package conns

import (
	"context"
	"os"

	"google.golang.org/grpc"

	"pb/greeter"
	"pb/legacy"
)

type Config struct {
	Target string
	inner  string
}

type Conns struct {
	Greeter *grpc.ClientConn // want Greeter:"holds greeter:1"
	echo    *grpc.ClientConn
}

func New() *Conns {
	return &Conns{Greeter: Dial("greeter:1"), echo: Dial(os.Getenv("ECHO"))}
}

func Dial(target string, opts ...grpc.DialOption) *grpc.ClientConn { // want Dial:"dials parameter target of Dial" Dial:"returns 0: parameter target of Dial"
	conn, err := grpc.NewClient(target, opts...)
	if err != nil {
		return nil
	}
	return conn
}

func (c Config) Dial(ctx context.Context) (*grpc.ClientConn, error) { // want Dial:"dials field Target of parameter c of Dial" Dial:"returns 0: field Target of parameter c of Dial"
	return grpc.DialContext(ctx, c.Target)
}

func Env(name string) *grpc.ClientConn { return Dial(os.Getenv(name)) } // want Env:"dials an environment variable" Env:"returns 0: an environment variable"

// Echo makes a client of its own.
func Echo() legacy.EchoClient { return legacy.NewEchoClient(Dial("echo:1")) }

// Greeter makes a client of whatever it is told.
func Greeter(target string) greeter.GreeterClient { // want Greeter:"dials parameter target of Greeter, calls x.Greeter on parameter target of Greeter"
	return greeter.NewGreeterClient(Dial(target))
}

// On makes a client on what it is given, deep in a struct.
func On(deps Deps) greeter.GreeterClient { // want On:"calls x.Greeter on field Conn of parameter deps of On"
	return greeter.NewGreeterClient(deps.Conn)
}

type Deps struct {
	Conn grpc.ClientConnInterface
}

// Client makes any client.
func Client[T any](target string, newClient func(grpc.ClientConnInterface) T) T { // want Client:"dials parameter target of Client, calls a service on parameter target of Client"
	return newClient(Dial(target))
}

// Set stores a connection.
func Set(conn **grpc.ClientConn, target string) { // want Set:"dials parameter target of Set" Set:"stores 0: parameter target of Set"
	*conn = Dial(target)
}

// Any is a pool: which connection it returns is not known.
func (c *Conns) Any(i int) *grpc.ClientConn { // want Any:`returns 0: "greeter:1" or environment variable ECHO`
	return []*grpc.ClientConn{c.Greeter, c.echo}[i]
}
