package main

import (
	"image/color"
	"io"
	"slices"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// colours of the messages, told apart by those who see few colours too (Okabe and Ito).
var colours = []color.Color{
	color.RGBA{0x00, 0x72, 0xb2, 0xff}, color.RGBA{0xd5, 0x5e, 0x00, 0xff}, color.RGBA{0x00, 0x9e, 0x73, 0xff},
	color.RGBA{0xcc, 0x79, 0xa7, 0xff}, color.RGBA{0x56, 0x56, 0x56, 0xff},
}

// drawPicture has a part for each workload, and in it a line for each contender with a dot for each message: its time, × of the
// yardstick's, on a logarithmic axis.
func drawPicture(s settings, kind string, r results) (io.WriterTo, error) {
	const width, height = 24 * vg.Centimeter, 9 * vg.Centimeter
	parts := slices.DeleteFunc(slices.Clone(s.workloads), func(w workload) bool { return len(s.rows(w)) == 0 })
	canvas := vgsvg.New(width, height*vg.Length(max(1, len(parts))))
	all := draw.New(canvas)
	tiles := draw.Tiles{Rows: len(parts), Cols: 1, PadY: vg.Millimeter * 4, PadTop: vg.Millimeter * 4,
		PadLeft: vg.Millimeter * 4, PadRight: vg.Millimeter * 6}
	for i, w := range parts {
		p, err := s.part(kind, r, w)
		if err != nil {
			return nil, err
		}
		p.Draw(tiles.At(all, 0, i))
	}
	return canvas, nil
}

func (s settings) part(kind string, r results, w workload) (*plot.Plot, error) {
	p := plot.New()
	p.Title.Text = titles[w] + ", " + kind
	p.X.Label.Text = "time of a record, × of franz-go + encoding/json, which checks nothing"
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	p.X.Min, p.X.Max = 0.1, 10
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	rows := s.rows(w)
	p.NominalY(labels(rows)...)
	p.Y.Min, p.Y.Max = -0.5, float64(len(rows))-0.5
	for i, m := range s.messages {
		xys := r.dots(rows, m, w)
		if len(xys) == 0 {
			continue
		}
		dots, err := plotter.NewScatter(xys)
		if err != nil {
			return nil, err
		}
		dots.Color, dots.Shape, dots.Radius = colours[i%len(colours)], draw.CircleGlyph{}, vg.Points(3.5)
		p.Add(dots)
		p.Legend.Add(m, dots)
	}
	return p, nil
}

// rows are the contenders of a workload from the bottom to the top.
func (s settings) rows(w workload) []contender {
	var out []contender
	for _, c := range contenders {
		if slices.Contains(s.contenders, c.name) && c.offers(w) {
			out = append(out, c)
		}
	}
	slices.Reverse(out)
	return out
}

func labels(rows []contender) []string {
	var out []string
	for _, c := range rows {
		out = append(out, strings.Trim(c.label, "*"))
	}
	return out
}

func (r results) dots(rows []contender, message string, w workload) plotter.XYs {
	var out plotter.XYs
	for y, c := range rows {
		if ratio, ok := r.ratio(cell{c.name, message, w}, yardstick, timeOf); ok {
			out = append(out, plotter.XY{X: ratio, Y: float64(y)})
		}
	}
	return out
}
