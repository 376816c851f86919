package main

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"
	"strconv"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// style is how a peer looks in all plots, and what it is called.
type style struct {
	peer, label string
	color       color.Color
	glyph       draw.GlyphDrawer
	dashes      []vg.Length
}

// styles are in the order of legends. Colours are those of Okabe and Ito, which are told apart by everyone.
var styles = []style{
	{"tcp", "gRPC, TCP loopback", color.RGBA{0xd5, 0x5e, 0x00, 0xff}, draw.CircleGlyph{}, nil},
	{"unix", "gRPC, unix socket", color.RGBA{0xe6, 0x9f, 0x00, 0xff}, draw.SquareGlyph{}, nil},
	{"bufconn", "gRPC, bufconn", color.RGBA{0x00, 0x9e, 0x73, 0xff}, draw.TriangleGlyph{}, nil},
	{"goplugin", "go-plugin, host to guest", color.RGBA{0xcc, 0x79, 0xa7, 0xff}, draw.PyramidGlyph{}, nil},
	{"inproc", "inprocgrpc, not isolated", color.RGBA{0x56, 0xb4, 0xe9, 0xff}, draw.RingGlyph{}, nil},
	{"cofaas", "cofaas", color.RGBA{0x00, 0x3f, 0x7f, 0xff}, draw.CircleGlyph{}, nil},
	{"copy", "copy()", color.Gray{0x80}, draw.CrossGlyph{}, []vg.Length{vg.Points(3), vg.Points(3)}},
}

// plots draws the figures of a report, as SVG by file name.
func plots(r *Results) (map[string][]byte, error) {
	files := map[string][]byte{}
	for name, draw := range map[string]func(*Results) ([]byte, error){
		"call.svg": plotCalls, "roundtrip.svg": plotRoundTrips,
		"breakeven.svg": plotBreakEven, "compute.svg": plotCompute, "saturation.svg": plotSaturation,
	} {
		svg, err := draw(r)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files[name] = svg
	}
	return files, nil
}

// sans is metric-compatible with the fonts that viewers fall back to.
var sans = font.Font{Typeface: "Liberation", Variant: "Sans"}

// newPlot is a plot with a grid. Its axes are logarithmic: they show the decimal logarithms of values, because plot.LogScale
// misjudges the room that a label of such an axis takes.
func newPlot(title, x, y string) *plot.Plot {
	p := plot.New()
	p.BackgroundColor = color.White
	text := func(s *draw.TextStyle, size vg.Length) { s.Font = font.From(sans, size) }
	text(&p.Title.TextStyle, 12)
	text(&p.X.Label.TextStyle, 11)
	text(&p.Y.Label.TextStyle, 11)
	text(&p.X.Tick.Label, 9)
	text(&p.Y.Tick.Label, 9)
	p.Title.Text, p.X.Label.Text, p.Y.Label.Text = title, x, y
	p.Title.Padding = vg.Points(8)
	grid := plotter.NewGrid()
	grid.Vertical.Color, grid.Horizontal.Color = color.Gray{0xe4}, color.Gray{0xe4}
	p.Add(grid)
	return p
}

// newLegend is a legend that several plots share.
func newLegend() *plot.Legend {
	l := plot.NewLegend()
	l.TextStyle.Font = font.From(sans, 10)
	l.Padding, l.ThumbnailWidth = vg.Points(4), vg.Points(26)
	l.Top, l.Left = true, true
	return &l
}

// curve adds a peer's medians, points by payload in bytes, to a plot and, unless it is nil, to a legend. A peer that was not
// measured is left out.
func curve(p *plot.Plot, s style, points plotter.XYs, legend *plot.Legend) error {
	if len(points) == 0 {
		return nil
	}
	line, glyphs, err := plotter.NewLinePoints(points)
	if err != nil {
		return err
	}
	width := vg.Points(1.4)
	if s.peer == "cofaas" {
		width = vg.Points(2.6)
	}
	line.Color, line.Width, line.Dashes = s.color, width, s.dashes
	glyphs.Color, glyphs.Shape, glyphs.Radius = s.color, s.glyph, vg.Points(2.8)
	p.Add(line, glyphs)
	if legend != nil {
		legend.Add(s.label, line, glyphs)
	}
	return nil
}

// medians are the logarithms of a peer's points, with values divided by scale.
func (r *Results) medians(sizes []int, scale float64, name func(size string) string) plotter.XYs {
	var points plotter.XYs
	for _, size := range sizes {
		if f, ok := r.figure(name(sizeName(size))); ok && f.Median > 0 {
			points = append(points, plotter.XY{X: math.Log10(float64(size)), Y: math.Log10(f.Median / scale)})
		}
	}
	return points
}

// plotCalls draws calls between functions.
func plotCalls(r *Results) ([]byte, error) {
	p := newPlot("Call from one function to another", "payload (bytes)", "time per call (µs), median")
	legend := newLegend()
	for _, s := range styles {
		points := r.medians(callSizes, 1e3, func(size string) string { return "call_" + size + "_" + s.peer })
		if err := curve(p, s, points, legend); err != nil {
			return nil, err
		}
	}
	p.X.Tick.Marker, p.Y.Tick.Marker = sizeTicks(callSizes), decades{}
	sizeRange(&p.X, callSizes)
	wholeDecades(&p.Y)
	return svg(22*vg.Centimeter, 12*vg.Centimeter, [][]*plot.Plot{{p}}, legend)
}

// roundTripSizes are the payloads of requests in a full run.
var roundTripSizes = []int{1 << 10, 16 << 10, 64 << 10, 256 << 10, 512 << 10}

// plotRoundTrips draws requests: a column for each number of calls that was measured, a row for each way to dial.
func plotRoundTrips(r *Results) ([]byte, error) {
	var columns []int
	for _, n := range []int{1, 10, 20} {
		prefix := fmt.Sprintf("rtt_n%d_", n)
		if slices.ContainsFunc(r.Figures, func(f Figure) bool { return strings.HasPrefix(f.Name, prefix) }) {
			columns = append(columns, n)
		}
	}
	if columns == nil {
		columns = []int{1}
	}
	var rows [][]*plot.Plot
	legend := newLegend()
	low, high := math.Inf(1), math.Inf(-1)
	for i, dial := range []string{"", "_dial"} {
		var row []*plot.Plot
		for j, n := range columns {
			title := fmt.Sprintf("n = %d, %s", n, []string{"dials once", "dials per request"}[i])
			p := newPlot(title, "payload (bytes)", "round trip (ms), median")
			inLegend := legend
			if i > 0 || j > 0 {
				inLegend = nil
			}
			for _, s := range styles {
				points := r.medians(roundTripSizes, 1e3, func(size string) string { return fmt.Sprintf("rtt_n%d_%s%s_%s", n, size, dial, s.peer) })
				if err := curve(p, s, points, inLegend); err != nil {
					return nil, err
				}
			}
			p.X.Tick.Marker, p.Y.Tick.Marker = sizeTicks(roundTripSizes), decades{}
			sizeRange(&p.X, roundTripSizes)
			low, high = min(low, p.Y.Min), max(high, p.Y.Max)
			row = append(row, p)
		}
		rows = append(rows, row)
	}
	for _, row := range rows {
		for _, p := range row {
			p.Y.Min, p.Y.Max = low, high
			wholeDecades(&p.Y)
		}
	}
	width := vg.Length(len(columns))*8*vg.Centimeter + legendWidth
	return svg(width, 16*vg.Centimeter, rows, legend)
}

// legendWidth is the room for a legend at the right of plots.
const legendWidth = 5.6 * vg.Centimeter

// svg draws plots in rows and columns, with a legend at their right.
func svg(width, height vg.Length, rows [][]*plot.Plot, legend *plot.Legend) ([]byte, error) {
	canvas := vgsvg.NewWith(vgsvg.UseWH(width, height))
	margin := vg.Points(8)
	tiles := draw.Tiles{
		Rows: len(rows), Cols: len(rows[0]), PadX: vg.Points(14), PadY: vg.Points(14),
		PadTop: margin, PadBottom: margin, PadLeft: margin, PadRight: vg.Points(16),
	}
	page := draw.New(canvas)
	page.SetColor(color.White)
	page.Fill(page.Rectangle.Path())
	for i, row := range plot.Align(rows, tiles, draw.Crop(page, 0, -legendWidth, 0, 0)) {
		for j, tile := range row {
			rows[i][j].Draw(tile)
		}
	}
	legend.Draw(draw.Crop(page, width-legendWidth, 0, 0, -vg.Points(34)))
	var buf bytes.Buffer
	_, err := canvas.WriteTo(&buf)
	return buf.Bytes(), err
}

// wholeDecades extends an axis to powers of ten. An axis without data gets any.
func wholeDecades(a *plot.Axis) {
	if math.IsInf(a.Min, 0) || math.IsInf(a.Max, 0) || a.Max < a.Min {
		a.Min, a.Max = 0, 1
	}
	a.Min, a.Max = math.Floor(a.Min), math.Ceil(a.Max)
}

// sizeRange makes an axis show sizes from the first to the last.
func sizeRange(a *plot.Axis, sizes []int) {
	a.Min, a.Max = math.Log10(float64(sizes[0])), math.Log10(float64(sizes[len(sizes)-1]))
}

// sizeTicks labels an axis with payloads.
type sizeTicks []int

// Ticks implements plot.Ticker.
func (sizes sizeTicks) Ticks(_, _ float64) []plot.Tick {
	var ticks []plot.Tick
	for _, size := range sizes {
		label := strconv.Itoa(size)
		if size >= 1024 {
			label = strconv.Itoa(size/1024) + " K"
		}
		ticks = append(ticks, plot.Tick{Value: math.Log10(float64(size)), Label: label})
	}
	// 512 K is too close to 256 K for both labels.
	if i := slices.Index(sizes, 256<<10); i >= 0 && i == len(sizes)-2 {
		ticks[i].Label = ""
	}
	return ticks
}

// decades labels powers of ten, without exponents, and marks what is between.
type decades struct{}

// Ticks implements plot.Ticker.
func (decades) Ticks(low, high float64) []plot.Tick {
	var ticks []plot.Tick
	for e := int(math.Floor(low)); e <= int(math.Ceil(high)); e++ {
		for digit := 1; digit < 10; digit++ {
			t := plot.Tick{Value: float64(e) + math.Log10(float64(digit))}
			if digit == 1 {
				t.Label = strconv.FormatFloat(math.Pow10(e), 'f', max(0, -e), 64)
			}
			if t.Value >= low-1e-9 && t.Value <= high+1e-9 {
				ticks = append(ticks, t)
			}
		}
	}
	return ticks
}
