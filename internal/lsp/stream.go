package lsp

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/textproto"
	"reflect"
	"strconv"
	"sync"

	"github.com/sourcegraph/jsonrpc2"
)

// maxMessage bounds what a header can make the server allocate.
const maxMessage = 256 << 20

// A stream reads and writes messages. Unlike the streams of package jsonrpc2 it answers what is no JSON, or no JSON-RPC, with the error
// that the specification has for it, and goes on: the frame tells where the next message begins.
type stream struct {
	in  *textproto.Reader
	out io.Writer
	end io.Closer

	writing sync.Mutex
}

func newStream(conn io.ReadWriteCloser) *stream {
	return &stream{in: textproto.NewReader(bufio.NewReader(conn)), out: conn, end: conn}
}

func (s *stream) Close() error { return s.end.Close() }

func (s *stream) WriteObject(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	_, err = fmt.Fprintf(s.out, "Content-Length: %d\r\n\r\n%s", len(data), data)
	return err
}

func (s *stream) ReadObject(v any) error {
	for {
		body, err := s.frame()
		if err != nil {
			return err
		}
		message := reflect.New(reflect.TypeOf(v).Elem()) // v stays empty if decoding ends half-way
		err = json.Unmarshal(body, message.Interface())
		if err == nil {
			reflect.ValueOf(v).Elem().Set(message.Elem())
			return nil
		}
		if err := s.refuse(body, err); err != nil {
			return err
		}
	}
}

// frame returns the body of the next message. Without a length there is no next message, so errors are final.
func (s *stream) frame() ([]byte, error) {
	header, err := s.in.ReadMIMEHeader()
	if err != nil {
		return nil, err
	}
	n, err := strconv.Atoi(header.Get("Content-Length"))
	if err != nil || n < 0 || n > maxMessage {
		return nil, fmt.Errorf("header Content-Length: %q: want the number of bytes of the message", header.Get("Content-Length"))
	}
	body := make([]byte, n)
	_, err = io.ReadFull(s.in.R, body)
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return body, err
}

// refuse answers a message that could not be read. Its ID is quoted if it has one.
func (s *stream) refuse(body []byte, cause error) error {
	answer := struct {
		Version string          `json:"jsonrpc"`
		ID      json.RawMessage `json:"id"`
		Error   jsonrpc2.Error  `json:"error"`
	}{"2.0", json.RawMessage("null"), jsonrpc2.Error{Code: jsonrpc2.CodeParseError, Message: cause.Error()}}
	if json.Valid(body) {
		answer.Error.Code = jsonrpc2.CodeInvalidRequest
		var request struct {
			ID json.RawMessage `json:"id"`
		}
		if json.Unmarshal(body, &request) == nil && request.ID != nil {
			answer.ID = request.ID
		}
	}
	return s.WriteObject(answer)
}
