package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"syscall"
	"time"

	"github.com/cofaas/cofaas/test/network/task"
)

// udp sends datagrams along a connected socket to a server that returns them.
func udp(ctx context.Context, r *task.Report, args []string) error {
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	p := make([]byte, 60_000)
	for _, n := range []int{1, 0, 1400, 50_000} {
		if _, err := conn.Write(p[:n]); err != nil {
			return err
		}
		got, err := conn.Read(p)
		r.Addf("datagram of %d bytes: %d, %v", n, got, err)
	}
	// What does not fit is lost.
	if _, err := conn.Write([]byte("0123456789")); err != nil {
		return err
	}
	n, err := conn.Read(p[:4])
	r.Addf("cut: %q, %v", p[:n], err)
	if err := conn.SetReadDeadline(time.Now().Add(50 * time.Millisecond)); err != nil {
		return err
	}
	_, err = conn.Read(p)
	r.Failure("nothing", err)
	return nil
}

// udpUnconnected sends datagrams to a server from a socket that is bound to a port.
func udpUnconnected(_ context.Context, r *task.Report, args []string) error {
	conn, err := net.ListenPacket(args[0], "127.0.0.1:0")
	if err != nil {
		r.Failure("bind", err)
		return nil
	}
	defer conn.Close()
	server, err := net.ResolveUDPAddr(args[0], args[1])
	if err != nil {
		return err
	}
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	p := make([]byte, 2000)
	for i := range 3 {
		sent := fmt.Sprint("datagram ", i)
		if _, err := conn.WriteTo([]byte(sent), server); err != nil {
			return err
		}
		n, from, err := conn.ReadFrom(p)
		r.Addf("%q from %v, %v", p[:n], from, err)
	}
	one, ok := conn.(*net.UDPConn)
	if !ok {
		return fmt.Errorf("got a %T", conn)
	}
	if _, _, err := one.WriteMsgUDP([]byte("a longer datagram"), nil, server); err != nil {
		return err
	}
	n, _, _, from, err := one.ReadMsgUDP(p, nil)
	r.Addf("message: %q from %v, %v", p[:n], from, err)
	_, err = one.Write([]byte("to whom"))
	r.Addf("write: fails: %t", err != nil)
	return nil
}

// udpRefused sends to a port that nobody has.
func udpRefused(ctx context.Context, r *task.Report, args []string) error {
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return err
	}
	for range 100 {
		if _, err = conn.Write([]byte("x")); err != nil {
			break
		}
		if _, err = conn.Read(make([]byte, 10)); err != nil {
			break
		}
	}
	r.Addf("refused: %t", errors.Is(err, syscall.ECONNREFUSED))
	return nil
}

// unixgram sends a datagram to a path.
func unixgram(_ context.Context, r *task.Report, args []string) error {
	conn, err := net.Dial("unixgram", args[0])
	if err != nil {
		return err
	}
	defer conn.Close()
	n, err := conn.Write([]byte("by path"))
	r.Addf("sent: %d, %v", n, err)
	return nil
}
