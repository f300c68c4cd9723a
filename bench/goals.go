package main

import (
	"fmt"
	"strings"
)

// A goal is a bound on a ratio of ours to another contender's, for each of the messages that services send.
type goal struct {
	what    string
	cell    cell // without a message
	against string
	of      metric
	most    bounds
}

var goalMessages = []string{"tiny", "order", "report", "batch"}

// bounds are for messages of 100 bytes, of 1 KB, and of 10 KB or more.
type bounds struct{ tiny, order, larger float64 }

func (b bounds) of(message string) float64 {
	switch message {
	case "tiny":
		return b.tiny
	case "order":
		return b.order
	}
	return b.larger
}

// goalsOn are the goals that hold on a kind of broker. A goal that speaks of throughput is written here as one of time.
func goalsOn(kind string) []goal {
	async := bounds{1 / 1.25, 1 / 1.3, 1 / 1.6}
	if kind == "kafka" {
		async = bounds{1 / 1.3, 1 / 1.4, 1 / 1.4}
	}
	retrieve := bounds{0.35, 0.27, 0.25}
	goals := []goal{
		{"ProduceAsync, time", cell{contender: ours, workload: stream}, yardstick, timeOf, async},
		{"ProduceAsync, allocations", cell{contender: ours, workload: stream}, rawKgo, allocsOf, bounds{1, 1, 1}},
		{"ProduceAsync, time", cell{contender: ours, workload: stream}, confluent, timeOf, bounds{1. / 15, 1. / 25, 1. / 25}},
		{"Produce of 64 goroutines, time", cell{contender: ours, workload: parallel}, yardstick, timeOf, bounds{0.85, 0.85, 0.85}},
		{"Retrieve, time", cell{contender: ours, workload: consume}, yardstick, timeOf, retrieve},
		{"Retrieve, processor time", cell{contender: ours, workload: consume}, yardstick, cpuOf, retrieve},
	}
	if kind == "embedded" { // on a real broker the round trip's noise is larger than this
		goals = append(goals, goal{"Produce, p50", cell{contender: ours, workload: one}, rawKgo, timeOf, bounds{1.08, 1.08, 1.08}})
	}
	return goals
}

// goalTable says of each goal what came out, the bound, and whether it is reached.
func goalTable(kind string, r results) string {
	var b strings.Builder
	fmt.Fprintf(&b, "| goal | × of | %s |\n| --- | --- |%s\n", strings.Join(goalMessages, " | "), strings.Repeat(" --- |", len(goalMessages)))
	for _, g := range goalsOn(kind) {
		other, _ := byName(contenders, g.against) // the tests look at all goals
		fmt.Fprintf(&b, "| %s | %s |", g.what, other.label)
		for _, m := range goalMessages {
			fmt.Fprintf(&b, " %s |", g.reached(r, m))
		}
		b.WriteString("\n")
	}
	return b.String()
}

func (g goal) reached(r results, message string) string {
	c := g.cell
	c.message = message
	ratio, ok := r.ratio(c, g.against, g.of)
	if !ok {
		return "–"
	}
	mark, most := "no", g.most.of(message)
	if ratio <= most {
		mark = "yes"
	}
	return fmt.Sprintf("%s (≤ %s) %s", figure(ratio), figure(most), mark)
}
