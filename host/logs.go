package host

import (
	"bytes"
	"context"
	"log/slog"
)

// maxLine bounds what is kept of a line that does not end.
const maxLine = 16 << 10

// lineWriter logs each line that a guest writes. It belongs to one instance and is not safe for concurrent use.
type lineWriter struct {
	log   *slog.Logger
	level slog.Level
	buf   []byte
}

// output is where instances of a function write to.
func (h *Host) output(function, stream string, level slog.Level) *lineWriter {
	return &lineWriter{log: h.log.With("function", function, "stream", stream), level: level}
}

func (w *lineWriter) Write(p []byte) (int, error) {
	n := len(p)
	for {
		i := bytes.IndexByte(p, '\n')
		if i < 0 {
			break
		}
		w.emit(append(w.buf, p[:i]...))
		w.buf, p = w.buf[:0], p[i+1:]
	}
	w.buf = append(w.buf, p...)
	if len(w.buf) >= maxLine {
		w.emit(w.buf)
		w.buf = w.buf[:0]
	}
	return n, nil
}

// flush logs a line that will not be ended.
func (w *lineWriter) flush() {
	if len(w.buf) > 0 {
		w.emit(w.buf)
		w.buf = w.buf[:0]
	}
}

func (w *lineWriter) emit(line []byte) {
	w.log.Log(context.Background(), w.level, string(line))
}
