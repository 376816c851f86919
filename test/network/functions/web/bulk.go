package main

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"

	"github.com/cofaas/cofaas/test/network/task"
)

// bulk moves as many bytes as the fourth argument says: down from a server or up to it, as the third one says. The server is told what is
// to come in 9 bytes: the direction's letter and the number. What is moved are the numbers from 0 on, in 8 bytes each.
func bulk(ctx context.Context, r *task.Report, args []string) error {
	n, err := strconv.ParseInt(args[3], 10, 64)
	if err != nil {
		return err
	}
	conn, err := connect(ctx, args)
	if err != nil {
		return err
	}
	defer conn.Close()
	head := binary.LittleEndian.AppendUint64([]byte(args[2][:1]), uint64(n))
	start := time.Now()
	if _, err := conn.Write(head); err != nil {
		return err
	}
	switch args[2] {
	case "down":
		err = receive(conn, n)
	case "up":
		err = send(conn, n)
	default:
		err = errors.New("neither up nor down")
	}
	if err != nil {
		return err
	}
	r.Took(time.Since(start))
	r.Addf("%s %d bytes", args[2], n)
	return nil
}

const chunk = 256 << 10

// receive looks at the first number of every 256 KiB: guests are to be measured by how they read, not by how they compare.
func receive(conn net.Conn, n int64) error {
	buf := make([]byte, chunk)
	for at := int64(0); at < n; {
		part := buf[:min(int64(len(buf)), n-at)]
		if _, err := io.ReadFull(conn, part); err != nil {
			return err
		}
		if got := binary.LittleEndian.Uint64(part); got != uint64(at/8) {
			return fmt.Errorf("at %d is number %d", at, got)
		}
		at += int64(len(part))
	}
	if n, err := conn.Read(buf); n > 0 || !errors.Is(err, io.EOF) {
		return fmt.Errorf("after the end are %d bytes, %v", n, err)
	}
	return nil
}

// send writes the same number all over each chunk's beginning, and waits until the server has confirmed that it has seen all.
func send(conn net.Conn, n int64) error {
	buf := make([]byte, chunk)
	for at := int64(0); at < n; {
		part := buf[:min(int64(len(buf)), n-at)]
		binary.LittleEndian.PutUint64(part, uint64(at/8))
		if _, err := conn.Write(part); err != nil {
			return err
		}
		at += int64(len(part))
	}
	var reply [2]byte
	if _, err := io.ReadFull(conn, reply[:]); err != nil || string(reply[:]) != "ok" {
		return fmt.Errorf("the server says %q, %w", reply, err)
	}
	return nil
}
