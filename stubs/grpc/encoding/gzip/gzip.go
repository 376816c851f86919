// Package gzip stands in for google.golang.org/grpc/encoding/gzip in a guest: it registers the compressor.
//
// Inert in a guest: a local call is a copy, and on the wire the host compresses. The compressor works for others that look it
// up.
package gzip

import (
	"compress/gzip"
	"fmt"
	"io"
	"sync"

	"github.com/cofaas/cofaas/stubs/grpc/encoding"
)

// Name is the name of the compressor.
const Name = "gzip"

func init() { encoding.RegisterCompressor(registered) }

// SetLevel sets the level of compression, from gzip.DefaultCompression to gzip.BestCompression. Call it from init only.
func SetLevel(level int) error {
	if level < gzip.DefaultCompression || level > gzip.BestCompression {
		return fmt.Errorf("grpc: invalid gzip compression level: %d", level)
	}
	registered.level = level
	registered.writers = sync.Pool{}
	return nil
}

var registered = &compressor{level: gzip.DefaultCompression}

type compressor struct {
	level            int
	writers, readers sync.Pool // of *writer and *reader
}

func (c *compressor) Name() string { return Name }

// Compress returns a writer that must be closed.
func (c *compressor) Compress(w io.Writer) (io.WriteCloser, error) {
	if z, ok := c.writers.Get().(*writer); ok {
		z.Reset(w)
		return z, nil
	}
	z, err := gzip.NewWriterLevel(w, c.level)
	return &writer{z, c}, err
}

// Decompress returns a reader that can be closed, to be used again.
func (c *compressor) Decompress(r io.Reader) (io.Reader, error) {
	if z, ok := c.readers.Get().(*reader); ok {
		if err := z.Reset(r); err != nil {
			c.readers.Put(z)
			return nil, err
		}
		return z, nil
	}
	z, err := gzip.NewReader(r)
	if err != nil {
		return nil, err
	}
	return &reader{z, c}, nil
}

// writer goes back to its compressor when it is closed.
type writer struct {
	*gzip.Writer
	owner *compressor
}

func (w *writer) Close() error {
	defer w.owner.writers.Put(w)
	return w.Writer.Close()
}

// reader goes back to its compressor when it is closed.
type reader struct {
	*gzip.Reader
	owner *compressor
}

func (r *reader) Close() error {
	defer r.owner.readers.Put(r)
	return r.Reader.Close()
}
