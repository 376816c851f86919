// Package kernels has pieces of work as handlers do them, each of any size from about a microsecond on.
//
// All are made of the standard library and are deterministic, so that their sums tell whether what was computed in different places is the
// same.
package kernels

import (
	"bytes"
	"compress/gzip"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"sync"
	"text/template"
)

// Kernel does n units of work, and returns a sum of what came out. It is safe for concurrent use.
type Kernel func(n int) uint64

// All are the kernels by name.
var All = map[string]Kernel{
	"recursion": recursion, "sort": sorting, "json": jsonRoundTrip, "gzip": compress, "sha256": hash, "aesctr": encrypt,
	"regexp": match, "alloc": allocate, "template": render,
}

// Names are those of all kernels, in the order of the benchmark.
var Names = []string{"recursion", "sort", "json", "gzip", "sha256", "aesctr", "regexp", "alloc", "template"}

// random is a small generator of numbers that are the same everywhere.
type random uint64

func (r *random) next() uint64 {
	*r = *r*6364136223846793005 + 1442695040888963407
	return uint64(*r >> 33)
}

// recursion walks n trees of calls.
func recursion(n int) (sum uint64) {
	for i := range n {
		sum += fib(10 + i&1)
	}
	return sum
}

func fib(n int) uint64 {
	if n < 2 {
		return uint64(n)
	}
	return fib(n-1) + fib(n-2)
}

// sorting sorts n lists of numbers.
func sorting(n int) (sum uint64) {
	r := random(n)
	var list [64]uint64
	for range n {
		for i := range list {
			list[i] = r.next()
		}
		slices.Sort(list[:])
		sum += list[0] ^ list[len(list)-1]
	}
	return sum
}

type record struct {
	ID    int               `json:"id"`
	Name  string            `json:"name"`
	Price float64           `json:"price"`
	Tags  []string          `json:"tags"`
	Attrs map[string]string `json:"attrs"`
}

// jsonRoundTrip encodes and decodes n records.
func jsonRoundTrip(n int) uint64 {
	list := make([]record, n)
	for i := range list {
		list[i] = record{i, "mug", float64(i) * 1.25, []string{"kitchen", "blue"}, map[string]string{"color": "blue", "size": "L"}}
	}
	text, err := json.Marshal(list)
	if err != nil {
		panic(err)
	}
	var back []record
	if err := json.Unmarshal(text, &back); err != nil {
		panic(err)
	}
	return uint64(len(text)) + uint64(back[n-1].ID)
}

var words = []string{"order", "mug", "blue", "kitchen", "street", "seven", "ship", "to", "the", "customer", "before", "noon"}

// prose is text of n words.
func prose(n int) []byte {
	var b bytes.Buffer
	r := random(7)
	for range n {
		b.WriteString(words[r.next()%uint64(len(words))])
		b.WriteByte(' ')
	}
	return b.Bytes()
}

// texts are the longest that was needed, of which shorter ones are a part.
var texts struct {
	sync.Mutex
	text  []byte
	words int
}

// textOf returns n times 32 bytes of text.
func textOf(n int) []byte {
	texts.Lock()
	defer texts.Unlock()
	if len(texts.text) < 32*n {
		texts.text = prose(16 * n)
	}
	return texts.text[:32*n]
}

var writers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic(err)
	}
	return w
}}

// compress compresses n times 1 KB of text.
func compress(n int) uint64 {
	var out bytes.Buffer
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&out)
	if _, err := w.Write(textOf(32 * n)); err != nil {
		panic(err)
	}
	if err := w.Close(); err != nil {
		panic(err)
	}
	return uint64(out.Len())
}

// hash hashes n times 512 bytes.
func hash(n int) uint64 {
	sum := sha256.Sum256(textOf(16 * n))
	return binary.LittleEndian.Uint64(sum[:])
}

// encrypt encrypts n times 512 bytes.
func encrypt(n int) uint64 {
	block, err := aes.NewCipher([]byte("0123456789abcdef"))
	if err != nil {
		panic(err)
	}
	text := textOf(16 * n)
	out := make([]byte, len(text))
	cipher.NewCTR(block, make([]byte, aes.BlockSize)).XORKeyStream(out, text)
	return binary.LittleEndian.Uint64(out[len(out)-8:])
}

var pattern = regexp.MustCompile(`(m[aeiou]g|sh[a-z]+) ([a-z]+) (blue|seven|noon)`)

// match finds all matches in n times 64 bytes.
func match(n int) uint64 {
	found := pattern.FindAllIndex(textOf(2*n), -1)
	return uint64(len(found))
}

type node struct{ left, right *node }

func tree(depth int) *node {
	if depth == 0 {
		return &node{}
	}
	return &node{tree(depth - 1), tree(depth - 1)}
}

func (t *node) count() uint64 {
	if t.left == nil {
		return 1
	}
	return 1 + t.left.count() + t.right.count()
}

// allocate makes n trees of 31 nodes, and forgets them.
func allocate(n int) (sum uint64) {
	for range n {
		sum += tree(4).count()
	}
	return sum
}

var page = template.Must(template.New("page").Parse(
	`{{range .}}<li>{{.Name}} {{printf "%.2f" .Price}}{{range .Tags}} <b>{{.}}</b>{{end}}</li>
{{end}}`))

// render renders a page of n items.
func render(n int) uint64 {
	list := make([]record, n)
	for i := range list {
		list[i] = record{ID: i, Name: "mug", Price: float64(i) * 1.25, Tags: []string{"kitchen"}}
	}
	var out bytes.Buffer
	if err := page.Execute(&out, list); err != nil {
		panic(err)
	}
	h := fnv.New64a()
	_, _ = h.Write(out.Bytes())
	return h.Sum64()
}

// Run does the work of a kernel by its name.
func Run(name string, n int) (uint64, error) {
	k := All[name]
	if k == nil {
		return 0, fmt.Errorf("there is no kernel %q", name)
	}
	if n < 1 {
		return 0, fmt.Errorf("kernel %s: n is %d: want at least 1", name, n)
	}
	return k(n), nil
}
