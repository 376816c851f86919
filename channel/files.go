package channel

import (
	"os"
	"sync"
)

// filesQueue has files that the peer has sent, for Config.Files, which may take its time.
type filesQueue struct {
	c  *Conn
	mu sync.Mutex
	// sets are what Config.Files has not been given yet, count their files, and busy says that a goroutine is at it.
	sets  []fileSet
	count int
	busy  bool
}

type fileSet struct {
	tag   []byte
	files []*os.File
}

// add queues files. It closes the channel if there are too many.
func (q *filesQueue) add(tag []byte, files []*os.File) {
	if q.c.cfg.Files == nil {
		closeAll(files)
		return
	}
	q.mu.Lock()
	// A set without files counts, too.
	q.count += len(files) + 1
	tooMany := q.count > 2*maxUnclaimed
	if !tooMany {
		q.sets = append(q.sets, fileSet{tag, files})
	}
	start := !q.busy && !tooMany
	q.busy = q.busy || start
	q.mu.Unlock()
	switch {
	case tooMany:
		closeAll(files)
		go q.c.fail(violation("more files than are taken from it")) // whoever receives files may be in the middle of a batch
	case start:
		go q.deliver()
	}
}

func (q *filesQueue) deliver() {
	for {
		q.mu.Lock()
		if len(q.sets) == 0 {
			q.busy = false
			q.sets = nil
			q.mu.Unlock()
			return
		}
		s := q.sets[0]
		q.sets[0] = fileSet{}
		q.sets = q.sets[1:]
		q.mu.Unlock()
		q.c.cfg.Files(s.tag, s.files)
		q.mu.Lock()
		q.count -= len(s.files) + 1
		q.mu.Unlock()
	}
}
