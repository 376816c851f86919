//go:build !unix

package channel

import (
	"errors"
	"os"
	"runtime"
)

var errSystem = errors.New("channel: processes cannot be joined on " + runtime.GOOS +
	", where Go programs pass no files on to those they start: run the functions in the host, as WebAssembly")

func socketPair() (a, b *os.File, err error) { return nil, nil, errSystem }

func openSocket(*os.File) (*socket, error) { return nil, errSystem }

func duplicate(*os.File) (*os.File, error) { return nil, errSystem }

func (s *socket) write([]byte, []*os.File, bool) (int, error) { return 0, errSystem }

func (s *socket) read([]byte) (int, []*os.File, error) { return 0, nil, errSystem }
