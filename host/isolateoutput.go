package host

import (
	"errors"
	"io"
	"log/slog"
	"os"
	"time"
)

// When restGrace has passed there is lastGrace to read once more, and at most lastTimes, for others may have the pipe and write on.
const (
	lastGrace = 100 * time.Millisecond
	lastTimes = 10
)

// outputs are where a process writes to: pipes, whose lines the host logs.
type outputs struct{ stdout, stderr *outputPipe }

type outputPipe struct {
	read, write *os.File
	done        chan struct{}
}

func (f *function) openOutputs() (*outputs, error) {
	stdout, err := f.openOutput("stdout")
	if err != nil {
		return nil, err
	}
	stderr, err := f.openOutput("stderr")
	if err != nil {
		stdout.close()
		return nil, err
	}
	return &outputs{stdout, stderr}, nil
}

func (f *function) openOutput(stream string) (*outputPipe, error) {
	r, w, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	p := &outputPipe{r, w, make(chan struct{})}
	lines := f.host.output(f.name, stream, slog.LevelInfo)
	go func() {
		defer close(p.done)
		p.copyTo(lines) // until the process has closed it, or end does
		lines.flush()
	}()
	return p, nil
}

// copyTo copies what comes. A deadline that has passed says nothing of what there is to read if whoever reads was late himself.
func (p *outputPipe) copyTo(w io.Writer) {
	var deadline time.Time // long ago: that of end
	for range 1 + lastTimes {
		late := time.Now().After(deadline)
		n, err := io.Copy(w, p.read)
		deadline = time.Now().Add(lastGrace)
		if !errors.Is(err, os.ErrDeadlineExceeded) || n == 0 && !late || p.read.SetReadDeadline(deadline) != nil {
			return
		}
	}
}

// passedOn says that the process has its ends.
func (o *outputs) passedOn() { _ = errors.Join(o.stdout.write.Close(), o.stderr.write.Close()) }

// end waits for the rest of what a process has written that has ended: others may have the pipe.
func (o *outputs) end() {
	for _, p := range []*outputPipe{o.stdout, o.stderr} {
		if p.read.SetReadDeadline(time.Now().Add(restGrace)) == nil {
			<-p.done
		}
		p.close()
	}
}

func (o *outputs) close() {
	o.stdout.close()
	o.stderr.close()
}

func (p *outputPipe) close() {
	_ = p.write.Close() // it may have been passed on
	_ = p.read.Close()
	<-p.done
}
