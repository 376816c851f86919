// Command program does what the Go compiler has to translate in different ways: loops that are left and entered in all places,
// calls in them that suspend the goroutine, deferred calls, panics, and stacks that grow.
package main

import (
	"cmp"
	"compress/flate"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math/big"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"text/template"
	"time"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == "loop" {
		fmt.Println("started")
		endless(os.Args[2])
	}
	for _, step := range []struct {
		name string
		run  func() any
	}{
		{"loops", loops}, {"goto", irreducible}, {"switch", switches}, {"defer", deferred}, {"panic", panics},
		{"closures", closures}, {"goroutines", goroutines}, {"select", selects}, {"stack", growth}, {"generics", generics},
		{"iterators", iterators}, {"gc", collect}, {"timers", timers}, {"library", library},
	} {
		fmt.Println(step.name, step.run())
	}
}

// endless does not return.
func endless(kind string) {
	n := 0
	switch kind {
	case "empty":
		for {
		}
	case "inner":
		for n >= 0 {
			n = n*3&0xff + 1
		}
	case "calls":
		for n >= 0 {
			n = len(fmt.Sprint(n))
		}
	case "nested":
		for {
			for i := range 100 {
				for j := i; j < 1000; j++ {
					n ^= j
				}
			}
			runtime.KeepAlive(n)
		}
	case "goroutines":
		go endless("inner")
		for {
			runtime.Gosched()
		}
	}
}

func loops() any {
	sum := 0
outer:
	for i := range 100 {
		for j := i; ; j++ {
			switch {
			case j%7 == 3:
				continue outer
			case i*j > 2000:
				break outer
			case j > 90:
				break
			default:
				sum += i ^ j
				for k := j; k > 0; k /= 3 {
					if sum += k; sum%11 == 5 {
						continue outer
					}
				}
			}
		}
	}
	primes := make([]bool, 1000)
	for i := 2; i < len(primes); i++ {
		if !primes[i] {
			sum += i
			for j := 2 * i; j < len(primes); j += i {
				primes[j] = true
			}
		}
	}
	matrix := [9][9]float64{}
	for i := range matrix {
		for j := range matrix[i] {
			for k := 0; k < 9; k++ {
				matrix[i][j] += float64(i*k) / float64(j+1)
			}
		}
	}
	return fmt.Sprint(sum, matrix[8][3])
}

// irreducible has loops with several entrances, with calls in them and without.
func irreducible() any {
	n, steps := 27, 0
	if n%2 == 0 {
		goto even
	}
odd:
	n = 3*n + 1
	steps++
even:
	for n%2 == 0 {
		n /= 2
		steps++
	}
	if n != 1 {
		goto odd
	}
	trace := ""
	i := 0
	if steps > 3 {
		goto second
	}
first:
	trace += "a"
	i++
second:
	trace += "b"
	i++
	if i%3 == 0 {
		goto first
	}
	runtime.Gosched()
	if i < 20 {
		goto second
	}
	return fmt.Sprint(steps, trace)
}

func switches() any {
	out := 0
	for i := range 300 {
		switch i % 13 {
		case 0, 5:
			out += 1
			fallthrough
		case 1:
			out *= 3
		case 2, 3, 4:
			out ^= i
		case 12:
			continue
		default:
			out -= i
		}
		out &= 0xffffff
		switch v := any(out % 4); v {
		case 0:
			out++
		case 1:
			out += 2
		}
	}
	return out
}

func deferred() (result any) {
	var order []string
	defer func() { result = strings.Join(order, ",") }()
	for i := range 3 {
		defer func() { order = append(order, fmt.Sprint("loop", i)) }()
	}
	defer func() {
		if r := recover(); r != nil {
			order = append(order, fmt.Sprint("recovered ", r))
		}
	}()
	defer runtime.Gosched()
	var m map[string]int
	m["x"] = 1
	return nil
}

func panics() any {
	var out []string
	try := func(name string, f func()) {
		defer func() {
			out = append(out, fmt.Sprint(name, ": ", recover()))
		}()
		f()
	}
	zero, s := 0, []int{1}
	var p *struct{ x [100]int }
	try("divide", func() { zero = 1 / zero })
	try("index", func() { s[zero+5] = 1 })
	try("nil", func() { p.x[3] = 1 })
	try("type", func() { _ = any(s).(string) })
	try("nested", func() {
		defer func() {
			defer func() { panic(fmt.Sprint("third after ", recover())) }()
			panic(fmt.Sprint("second after ", recover()))
		}()
		panic("first")
	})
	try("goexit", func() {
		var wg sync.WaitGroup
		wg.Add(1)
		go func() {
			defer wg.Done()
			runtime.Goexit()
		}()
		wg.Wait()
		panic("after")
	})
	return strings.Join(out, "; ")
}

func closures() any {
	fib := func() func() int {
		a, b := 0, 1
		return func() int { a, b = b, a+b; return a }
	}()
	sum := 0
	for range 30 {
		sum += fib()
	}
	var recurse func(int) int
	recurse = func(n int) int {
		if n < 2 {
			return n
		}
		return recurse(n-1) + recurse(n-2)
	}
	return sum + recurse(18)
}

func goroutines() any {
	var mu sync.Mutex
	var wg sync.WaitGroup
	work, results := make(chan int), make(chan int, 3)
	total := 0
	for range 5 {
		wg.Go(func() {
			for n := range work {
				for i := range n {
					if i%3 == 0 {
						runtime.Gosched()
					}
				}
				results <- n * n
			}
		})
	}
	done := make(chan struct{})
	go func() {
		for r := range results {
			mu.Lock()
			total += r
			mu.Unlock()
		}
		close(done)
	}()
	for i := range 50 {
		work <- i
	}
	close(work)
	wg.Wait()
	close(results)
	<-done
	return total
}

func selects() any {
	ping, pong, quit := make(chan int), make(chan int), make(chan bool)
	go func() {
		for {
			select {
			case n := <-ping:
				pong <- n + 1
			case <-quit:
				close(pong)
				return
			}
		}
	}()
	n := 0
	for n < 40 {
		ping <- n
		n = <-pong
		select {
		case <-pong:
			return "unexpected"
		default:
		}
	}
	close(quit)
	_, open := <-pong
	return fmt.Sprint(n, open)
}

func growth() any {
	var deep func(n int, block [64]int) int
	deep = func(n int, block [64]int) int {
		if n == 0 {
			return block[63]
		}
		block[n%64] += n
		sum := 0
		for i := range block {
			sum += block[i]
		}
		return deep(n-1, block) + sum%7
	}
	return deep(3000, [64]int{63: 1})
}

type tree[K cmp.Ordered, V any] struct {
	left, right *tree[K, V]
	key         K
	value       V
}

func (t *tree[K, V]) insert(k K, v V) *tree[K, V] {
	switch {
	case t == nil:
		return &tree[K, V]{key: k, value: v}
	case k < t.key:
		t.left = t.left.insert(k, v)
	case k > t.key:
		t.right = t.right.insert(k, v)
	default:
		t.value = v
	}
	return t
}

func (t *tree[K, V]) all(yield func(K, V) bool) bool {
	return t == nil || t.left.all(yield) && yield(t.key, t.value) && t.right.all(yield)
}

func generics() any {
	var t *tree[string, int]
	for i := range 500 {
		t = t.insert(fmt.Sprint(i*7919%1000), i)
	}
	var out strings.Builder
	n := 0
	t.all(func(k string, v int) bool {
		n++
		fmt.Fprint(&out, k, v, " ")
		return n < 30
	})
	return out.String()
}

func iterators() any {
	words := strings.Fields("the quick brown fox jumps over the lazy dog and then the fox sleeps")
	count := map[string]int{}
	for w := range slices.Values(words) {
		if w == "and" {
			continue
		}
		count[w]++
	}
	var out []string
	for _, k := range slices.Sorted(func(yield func(string) bool) {
		for k := range count {
			if !yield(k) {
				return
			}
		}
	}) {
		if out = append(out, fmt.Sprint(k, count[k])); len(out) == 6 {
			break
		}
	}
	return out
}

func collect() any {
	type node struct {
		next *node
		data [100]byte
	}
	var keep *node
	for i := range 20000 {
		n := &node{}
		n.data[0] = byte(i)
		if i%100 == 0 {
			n.next = keep
			keep = n
		}
		if i%5000 == 0 {
			runtime.GC()
		}
	}
	sum := 0
	for n := keep; n != nil; n = n.next {
		sum += int(n.data[0])
	}
	return sum
}

func timers() any {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	ticks := 0
	for {
		select {
		case <-tick.C:
			ticks++
		case <-ctx.Done():
			return fmt.Sprint(errors.Is(ctx.Err(), context.DeadlineExceeded), ticks < 100)
		}
	}
}

func library() any {
	text := strings.Repeat("user@example.com wrote 42 lines to root@example.org; ", 40)
	var packed strings.Builder
	w, err := flate.NewWriter(&packed, 6)
	if err != nil {
		return err
	}
	io.WriteString(w, text)
	w.Close()
	unpacked, err := io.ReadAll(flate.NewReader(strings.NewReader(packed.String())))
	if err != nil || string(unpacked) != text {
		return "flate"
	}
	var value any
	if err := json.Unmarshal([]byte(`{"a":[1,2.5e3,"x\u00e9",null,true,{"b":[]}],"c":-7}`), &value); err != nil {
		return err
	}
	encoded, err := json.Marshal(value)
	if err != nil {
		return err
	}
	found := regexp.MustCompile(`(\w+)@(\w+)\.(com|org)`).ReplaceAllString(text[:60], "$2/$1")
	factorial := big.NewInt(1)
	for i := range int64(60) {
		factorial.Mul(factorial, big.NewInt(i+1))
	}
	var page strings.Builder
	tmpl := template.Must(template.New("").Parse(`{{range $i, $e := .}}{{if $i}}, {{end}}{{printf "%05d" $e}}{{end}}`))
	if err := tmpl.Execute(&page, []int{3, 1, 2}); err != nil {
		return err
	}
	numbers := make([]int, 1000)
	for i := range numbers {
		numbers[i] = i * 7919 % 1009
	}
	slices.Sort(numbers)
	return fmt.Sprintf("%s %s %s %s %x %x %v", encoded, found, factorial, page.String(),
		sha256.Sum256([]byte(text)), crc32.ChecksumIEEE([]byte(text)), numbers[500])
}
