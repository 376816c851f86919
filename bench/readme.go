package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// What is between these lines of a file is replaced.
const (
	readmeBegin = "<!-- bench:begin -->"
	readmeEnd   = "<!-- bench:end -->"
)

// readme prints the tables, or writes them to a file.
func readme(opts options, stdout io.Writer) error {
	r, err := readResults(opts.out)
	if err != nil {
		return err
	}
	tables := r.markdown()
	if opts.write == "" {
		_, err := io.WriteString(stdout, tables)
		return err
	}
	before, err := os.ReadFile(opts.write)
	if err != nil {
		return err
	}
	after, err := replaceBetween(before, tables)
	if err != nil {
		return fmt.Errorf("%s: %w", opts.write, err)
	}
	if bytes.Equal(before, after) {
		return nil
	}
	return writeFile(opts.write, after)
}

// replaceBetween replaces what is between the markers, which stay.
func replaceBetween(content []byte, tables string) ([]byte, error) {
	head, rest, ok1 := bytes.Cut(content, []byte(readmeBegin))
	_, tail, ok2 := bytes.Cut(rest, []byte(readmeEnd))
	if !ok1 || !ok2 {
		return nil, fmt.Errorf("want the lines %s and %s", readmeBegin, readmeEnd)
	}
	if bytes.Contains(tail, []byte(readmeBegin)) {
		return nil, errors.New("has the bench markers twice")
	}
	return fmt.Appendf(nil, "%s%s\n%s%s%s", head, readmeBegin, tables, readmeEnd, tail), nil
}

// column is a peer in a table.
type column struct{ peer, title string }

// table is a table whose cells are figures: rows by columns. A last column says how many times better ours is than the first one; ours is
// cofaas unless it says otherwise.
type table struct {
	corner  string
	ours    string
	columns []column
	rows    []row
}

// row is a row of figures, whose names are the prefix with a column's peer.
type row struct {
	title, prefix string
	higherBetter  bool
}

// markdown returns the tables.
func (r *Results) markdown() string {
	var b strings.Builder
	env := r.Environment
	fmt.Fprintf(&b, "Medians; all that a table compares took turns in one run: %s, %s, %s processors, grpc-go %s, wazero %s",
		env["go"], env["platform"], env["gomaxprocs"], env["grpc-go"], env["wazero"])
	if env["mode"] != "full" {
		fmt.Fprintf(&b, ", %s mode", env["mode"])
	}
	b.WriteString(".\n")
	apps := []column{{"tcp", "gRPC, TCP"}, {"unix", "gRPC, unix"}, {"cofaas", "**cofaas**"}}
	calls := table{corner: "call of one function by another", columns: []column{
		{"tcp", "gRPC, TCP"}, {"unix", "gRPC, unix"}, {"bufconn", "gRPC, bufconn"}, {"goplugin", "go-plugin"},
		{"inproc", "inprocgrpc, not isolated"}, {"cofaas", "**cofaas**"}, {"copy", "`copy`"},
	}}
	for _, size := range callSizes {
		calls.rows = append(calls.rows, row{title: sizeTitle(size), prefix: "call_" + sizeName(size) + "_"})
	}
	r.table(&b, calls)

	flows := table{corner: fmt.Sprintf("call or message of a stream, %d bytes", flowBytes), columns: []column{{"tcp", "gRPC, TCP"}, {"cofaas", "**cofaas**"}}}
	for _, job := range jobs {
		flows.rows = append(flows.rows, row{title: job.title, prefix: "flow_" + job.name + "_"})
	}
	r.table(&b, flows)

	requests := table{corner: "request of a client: calls × payload", columns: apps}
	for _, perCall := range []bool{false, true} {
		for _, n := range []int{1, 10, 20} {
			for _, size := range []int{1 << 10, 512 << 10} {
				w := work{size: size, repeats: n, dialPerCall: perCall}
				title := fmt.Sprintf("%d × %s, dials once", n, sizeTitle(size))
				if perCall {
					title = fmt.Sprintf("%d × %s, dials per request", n, sizeTitle(size))
				}
				requests.rows = append(requests.rows, row{title: title, prefix: "rtt_" + w.name() + "_"})
			}
		}
	}
	r.table(&b, requests)

	throughput := table{corner: "requests per second, all on the same processors", columns: apps}
	for _, n := range []int{1, 20} {
		for _, c := range []int{16, 32, 64} {
			throughput.rows = append(throughput.rows, row{
				title: fmt.Sprintf("%d × 1 KB, %d clients", n, c), prefix: fmt.Sprintf("throughput_n%d_c%d_", n, c), higherBetter: true,
			})
		}
	}
	r.table(&b, throughput)
	r.isolateTables(&b)
	r.footprintTable(&b)
	return b.String()
}

// sizeTitle is a payload in tables.
func sizeTitle(bytes int) string {
	if bytes < 1024 {
		return fmt.Sprintf("%d B", bytes)
	}
	return fmt.Sprintf("%d KB", bytes/1024)
}

// table prints those rows of a table that have figures.
func (r *Results) table(b *strings.Builder, t table) {
	var lines []string
	for _, row := range t.rows {
		line, any := "| "+row.title+" |", false
		for _, c := range t.columns {
			f, ok := r.figure(row.prefix + c.peer)
			any = any || ok
			line += " " + cell(f, ok) + " |"
		}
		if any {
			lines = append(lines, line+" "+r.gain(row, t.columns[0].peer, cmp.Or(t.ours, "cofaas"))+" |")
		}
	}
	if len(lines) == 0 {
		return
	}
	head, rule := "| "+t.corner+" |", "|---|"
	for _, c := range t.columns {
		head += " " + c.title + " |"
		rule += "--:|"
	}
	fmt.Fprintf(b, "\n%s gain over TCP |\n%s--:|\n%s\n", head, rule, strings.Join(lines, "\n"))
}

// gain says how many times better one is than a peer.
func (r *Results) gain(row row, peer, one string) string {
	theirs, ok1 := r.figure(row.prefix + peer)
	ours, ok2 := r.figure(row.prefix + one)
	if !ok1 || !ok2 || ours.Median <= 0 || theirs.Median <= 0 {
		return ""
	}
	gain := theirs.Median / ours.Median
	if row.higherBetter {
		gain = 1 / gain
	}
	return fmt.Sprintf("%.3gx", gain)
}

// footprintTable prints figures that have no peers.
func (r *Results) footprintTable(b *strings.Builder) {
	rows := []struct{ title, figure string }{
		{"producer's guest", "guest_size_producer"},
		{"consumer's guest", "guest_size_consumer"},
		{"start to first answer, compile cache warm", "start_cofaas_warm_cache"},
		{"start to first answer, compile cache cold", "start_cofaas_cold_cache"},
		{"start to first answer, two native processes", "start_native"},
		{"memory of a host with one instance of each function", "memory_host"},
		{"memory of each further instance", "memory_per_instance"},
		{"memory of two native processes", "memory_native"},
		{"generation, nothing changed", "generate_up_to_date"},
		{"generation and build, build cache warm", "generate_warm_cache"},
		{"generation and build, build cache empty", "generate_empty_cache"},
		{"soak: requests of 512 KB", "soak_requests"},
		{"soak: memory, least in the second half", "soak_rss_second_half_min"},
		{"soak: memory, most in the second half", "soak_rss_second_half_max"},
	}
	var lines []string
	for _, row := range rows {
		if f, ok := r.figure(row.figure); ok {
			lines = append(lines, fmt.Sprintf("| %s | %s |", row.title, cell(f, true)))
		}
	}
	if len(lines) > 0 {
		fmt.Fprintf(b, "\n| footprint | |\n|---|--:|\n%s\n", strings.Join(lines, "\n"))
	}
}

// cell writes a median with a unit that makes it readable.
func cell(f Figure, ok bool) string {
	if !ok {
		return ""
	}
	units := map[string][]string{
		"ns": {"ns", "µs", "ms", "s"}, "us": {"µs", "ms", "s"}, "ms": {"ms", "s"}, "s": {"s"}, "bytes": {"B", "KB", "MB", "GB"},
	}[f.Unit]
	value := f.Median
	for len(units) > 1 && value >= 999.5 {
		value, units = value/1000, units[1:]
	}
	number := fmt.Sprintf("%.3g", value)
	if value >= 999.5 {
		number = fmt.Sprintf("%.0f", value)
	}
	if len(units) == 0 {
		return number
	}
	return number + " " + units[0]
}
