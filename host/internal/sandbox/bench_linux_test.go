package sandbox

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

func init() {
	attacks["dials"] = func(args []string) {
		const n = 2000
		begin := time.Now()
		for range n {
			conn, err := net.Dial("tcp", args[0])
			if err != nil {
				fmt.Println(err)
				return
			}
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
		fmt.Println(time.Since(begin) / n)
	}
}

// What a start takes, until the program runs.
func BenchmarkStart(b *testing.B) {
	program := testProgram(b)
	for b.Loop() {
		p, err := Start(b.Context(), Config{Function: "test", Program: program, Args: []string{"wait"}, Env: []string{"ISOLATE=1"}})
		if err != nil {
			b.Fatal(err)
		}
		p.Kill()
		if _, err := p.Wait(); err != nil {
			b.Fatal(err)
		}
	}
}

// What connecting takes, in an isolate and in this process.
func BenchmarkDial(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	n, _ := networked(b, l.Addr().String(), "", nil)
	var in, out time.Duration
	for b.Loop() {
		p := start(b, Config{Network: n}, "dials", l.Addr().String())
		d, err := time.ParseDuration(strings.TrimSpace(p.line(b)))
		if err != nil {
			b.Fatal(err)
		}
		in += d
		begin := time.Now()
		for range 2000 {
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			conn.(*net.TCPConn).SetLinger(0)
			conn.Close()
		}
		out += time.Since(begin) / 2000
	}
	b.ReportMetric(float64(in.Microseconds())/float64(b.N), "us/isolate")
	b.ReportMetric(float64(out.Microseconds())/float64(b.N), "us/here")
}
