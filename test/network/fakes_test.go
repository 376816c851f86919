package network

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// tcpServer accepts connections until the test ends, and closes each when serve returns. It returns its address.
func tcpServer(t *testing.T, serve func(conn *net.TCPConn)) string {
	t.Helper()
	lis, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	accept(t, lis, func(conn net.Conn) { serve(conn.(*net.TCPConn)) })
	return lis.Addr().String()
}

func accept(t *testing.T, lis net.Listener, serve func(net.Conn)) {
	var wg sync.WaitGroup
	var mu sync.Mutex
	open := make(map[net.Conn]bool)
	wg.Go(func() {
		for {
			conn, err := lis.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			open[conn] = true
			mu.Unlock()
			wg.Go(func() {
				serve(conn)
				conn.Close()
				mu.Lock()
				delete(open, conn)
				mu.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		lis.Close()
		mu.Lock()
		for conn := range open {
			conn.Close()
		}
		mu.Unlock()
		wg.Wait()
	})
}

// silentServer accepts connections, and says nothing.
func silentServer(t *testing.T) string {
	t.Helper()
	return tcpServer(t, func(conn *net.TCPConn) { io.Copy(io.Discard, conn) })
}

// resetServer resets connections as soon as it hears anything.
func resetServer(t *testing.T) string {
	t.Helper()
	return tcpServer(t, func(conn *net.TCPConn) {
		conn.Read(make([]byte, 1))
		conn.SetLinger(0)
	})
}

// echoServer returns what it gets.
func echoServer(t *testing.T) string {
	t.Helper()
	return tcpServer(t, func(conn *net.TCPConn) { io.Copy(conn, conn) })
}

// mongoServer answers as a MongoDB server: what a driver asks first, ping, and echo.
func mongoServer(t *testing.T) string {
	t.Helper()
	return tcpServer(t, func(conn *net.TCPConn) {
		for {
			if err := answerMongo(conn); err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, net.ErrClosed) && !errors.Is(err, io.ErrUnexpectedEOF) {
					t.Logf("mongo: %v", err)
				}
				return
			}
		}
	})
}

const (
	opReply = 1
	opQuery = 2004
	opMsg   = 2013
)

func answerMongo(conn net.Conn) error {
	head := make([]byte, 16)
	if _, err := io.ReadFull(conn, head); err != nil {
		return err
	}
	body := make([]byte, binary.LittleEndian.Uint32(head)-16)
	if _, err := io.ReadFull(conn, body); err != nil {
		return err
	}
	op := binary.LittleEndian.Uint32(head[12:])
	var document bson.Raw
	switch op {
	case opMsg: // flags, a section of kind 0
		document = bson.Raw(body[5:])
	case opQuery: // flags, the name of a collection, two numbers
		name := 4
		for body[name] != 0 {
			name++
		}
		document = bson.Raw(body[name+1+8:])
	default:
		return fmt.Errorf("operation %d", op)
	}
	command, err := document.IndexErr(0)
	if err != nil {
		return err
	}
	reply := bson.D{{Key: "ok", Value: 1}}
	switch command.Key() {
	case "hello", "isMaster", "ismaster":
		reply = append(reply, bson.D{
			{Key: "isWritablePrimary", Value: true}, {Key: "helloOk", Value: true}, {Key: "maxBsonObjectSize", Value: 16 << 20},
			{Key: "maxMessageSizeBytes", Value: 48 << 20}, {Key: "maxWriteBatchSize", Value: 100_000}, {Key: "localTime", Value: time.Now()},
			{Key: "connectionId", Value: 1}, {Key: "minWireVersion", Value: 0}, {Key: "maxWireVersion", Value: 21}, {Key: "readOnly", Value: false},
		}...)
	case "echo":
		reply = append(reply, bson.E{Key: "echo", Value: command.Value()})
	}
	text, err := bson.Marshal(reply)
	if err != nil {
		return err
	}
	var out []byte
	if op == opMsg {
		out = append(make([]byte, 16+4+1), text...)
		binary.LittleEndian.PutUint32(out[12:], opMsg)
	} else {
		out = append(make([]byte, 16+20), text...)
		binary.LittleEndian.PutUint32(out[12:], opReply)
		binary.LittleEndian.PutUint32(out[16+16:], 1) // one document
	}
	binary.LittleEndian.PutUint32(out, uint32(len(out)))
	copy(out[8:12], head[4:8]) // in answer to
	_, err = conn.Write(out)
	return err
}
