package sockets

import (
	"io"
	"net"
	"testing"
)

// BenchmarkEcho is a round trip of a byte, through a table that is waited for as instances wait, and through package net.
func BenchmarkEcho(b *testing.B) {
	b.Run("net", func(b *testing.B) {
		conn, err := net.Dial("tcp", server(b, "tcp", "127.0.0.1:0", echo))
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		buf := make([]byte, 1)
		for b.Loop() {
			if _, err := conn.Write(buf); err != nil {
				b.Fatal(err)
			}
			if _, err := io.ReadFull(conn, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, d := range drivers {
		b.Run(name, func(b *testing.B) {
			addr := server(b, "tcp", "127.0.0.1:0", echo)
			g := suite{name, d}.guest(b)
			fd := g.mustDial("tcp", addr)
			p := [][]byte{make([]byte, 1)}
			for b.Loop() {
				if _, errno := g.table.Write(fd, p); errno != ErrnoSuccess {
					b.Fatal(errno)
				}
				for {
					_, errno := g.table.Read(fd, p)
					if errno == ErrnoSuccess {
						break
					}
					g.table.Await(fd, false)
					<-g.news
				}
			}
		})
	}
}

// BenchmarkBulk sends pieces of 64 KB to who only reads.
func BenchmarkBulk(b *testing.B) {
	const size = 64 << 10
	discard := func(c net.Conn) { io.Copy(io.Discard, struct{ io.Reader }{c}) }
	b.Run("net", func(b *testing.B) {
		conn, err := net.Dial("tcp", server(b, "tcp", "127.0.0.1:0", discard))
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		b.SetBytes(size)
		buf := make([]byte, size)
		for b.Loop() {
			if _, err := conn.Write(buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, d := range drivers {
		b.Run(name, func(b *testing.B) {
			addr := server(b, "tcp", "127.0.0.1:0", discard)
			g := suite{name, d}.guest(b)
			fd := g.mustDial("tcp", addr)
			b.SetBytes(size)
			buf := make([]byte, size)
			for b.Loop() {
				g.must(g.write(fd, buf), "write")
			}
		})
	}
}

// BenchmarkBulkRead receives as much from who only writes.
func BenchmarkBulkRead(b *testing.B) {
	const size = 64 << 10
	flood := func(c net.Conn) {
		for buf := make([]byte, size); ; {
			if _, err := c.Write(buf); err != nil {
				return
			}
		}
	}
	b.Run("net", func(b *testing.B) {
		conn, err := net.Dial("tcp", server(b, "tcp", "127.0.0.1:0", flood))
		if err != nil {
			b.Fatal(err)
		}
		defer conn.Close()
		b.SetBytes(size)
		buf := make([]byte, size)
		for b.Loop() {
			if _, err := io.ReadFull(conn, buf); err != nil {
				b.Fatal(err)
			}
		}
	})
	for name, d := range drivers {
		b.Run(name, func(b *testing.B) {
			addr := server(b, "tcp", "127.0.0.1:0", flood)
			g := suite{name, d}.guest(b)
			fd := g.mustDial("tcp", addr)
			b.SetBytes(size)
			buf := make([]byte, size)
			for b.Loop() {
				for at := 0; at < size; {
					n, errno := g.read(fd, buf[at:])
					g.must(errno, "read")
					at += n
				}
			}
		})
	}
}
