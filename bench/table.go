package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// titles say what a workload is, to people.
var titles = map[workload]string{
	one:      "Produce, one at a time: from call to acknowledgement, p50",
	stream:   "Produce, asynchronously: all acknowledged in the end",
	parallel: "Produce, 64 goroutines, one at a time each",
	consume:  "Consume, as a member of a group",
}

// markdown is all that a run came to, as Markdown.
func markdown(s settings, kind, about string, r results) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n#### Goals\n\n%s", about, goalTable(kind, r))
	for _, w := range s.workloads {
		fmt.Fprintf(&b, "\n#### %s\n", titles[w])
		fmt.Fprintf(&b, "\nTime of a record in µs, and × of the yardstick's:\n\n%s", s.table(w, withRatio(r, timeOf)))
		fmt.Fprintf(&b, "\nProcessor time of a record in µs, and × of the yardstick's:\n\n%s", s.table(w, withRatio(r, cpuOf)))
		fmt.Fprintf(&b, "\nAllocations by record, and the peak of memory in MiB:\n\n%s", s.table(w, memory(r)))
	}
	return b.String()
}

// table has a row for each contender that has something in a workload, and a column for each message.
func (s settings) table(w workload, text func(cell) string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| | checks | %s |\n|%s\n", strings.Join(s.messages, " | "), strings.Repeat(" --- |", 2+len(s.messages)))
	for _, c := range contenders {
		if !slices.Contains(s.contenders, c.name) || !c.offers(w) {
			continue
		}
		fmt.Fprintf(&b, "| %s | %s |", c.label, c.checked)
		for _, m := range s.messages {
			fmt.Fprintf(&b, " %s |", text(cell{c.name, m, w}))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func withRatio(r results, of metric) func(cell) string {
	return func(c cell) string {
		middle, ok := r.middle(c, of)
		if !ok {
			return "–"
		}
		text := figure(middle / 1000)
		if ratio, ok := r.ratio(c, yardstick, of); ok {
			text += fmt.Sprintf(" (%s×)", figure(ratio))
		}
		return text
	}
}

func memory(r results) func(cell) string {
	return func(c cell) string {
		allocs, ok := r.middle(c, allocsOf)
		if !ok {
			return "–"
		}
		bytes, _ := r.middle(c, peakOf)
		return fmt.Sprintf("%s · %.0f", figure(allocs), bytes/(1<<20))
	}
}

// figure has three significant digits: no measurement here has more.
func figure(f float64) string {
	if f >= 100 {
		return strconv.FormatFloat(f, 'f', 0, 64)
	}
	return strconv.FormatFloat(f, 'g', 3, 64)
}
