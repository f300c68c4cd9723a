package faults_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	contenderFlag = flag.String("faults.contender", "Run", "who consumes: Run, Retrieve, or one of the naive ones")
	docFlag       = flag.String("faults.doc", "", "a Markdown file to write the table into")
)

// A table holds the rows that ran. It is safe for concurrent use.
type table struct {
	mu    sync.Mutex // guards lines
	lines []line
}

type line struct {
	row
	counts
	took time.Duration
}

func (t *table) enter(r row, n counts, took time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.lines = append(t.lines, line{r, n, took})
}

// line is a row as a log shows it.
func (r row) line(n counts, took time.Duration) string {
	return fmt.Sprintf("%s (%s): produced %d, acknowledged %d, unknown %d, processed %d, again %d, dead letters %d, reported %d; "+
		"lost and not reported %d, out of order %d, rewound %d, past %d, beside %d, ghosts %d; %.0f s",
		r.name, r.spec.Contender, n.produced, n.acked, n.unknown, n.processed, n.again, n.deadLetters, n.reported,
		n.lost, n.disorder, n.rewound, n.past, n.beside, n.ghosts, took.Seconds())
}

const docHead = `# The fault table

What became of each message when things broke: the counts of the last run of ` + "`make faults`" + `, which writes this page. Each row is a load
of numbered messages on a real Apache Kafka of three brokers (replication factor 3, min.insync.replicas 2), a group that consumes
it, and a fault in the middle. An independent reader of the topic and of the group's commits says what should have come of it.

- **again**: processed more than once. At least once means that this happens after a crash; it is bounded by WithMaxUnacked a partition.
- **reported**: gone by retention or with a topic that was deleted, and told so.
- **lost**: acknowledged to the producer, or found in the log, and neither processed nor reported.
- **out of order**: processed for the first time after a later message of the same key.
- **rewound**: commits that went back. **past**: messages that a commit passed before they were processed.

The last four must be 0; the rows of the two naive loops over franz-go show that the table can tell.

Compaction replaces messages by newer ones of their key, and an unclean election takes back what one broker alone had acknowledged: what
was not read before that is not counted as lost. The members of that group were told of the truncation.

| fault | consumer | produced | acknowledged | processed | again | dead letters | reported | lost | out of order | rewound | past | seconds |
| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
`

// write makes the page of the documentation.
func (t *table) write(tb testing.TB, rows []row) {
	tb.Helper()
	if *docFlag == "" {
		return
	}
	var page strings.Builder
	page.WriteString(docHead)
	for _, r := range rows {
		for _, l := range t.lines {
			if l.name == r.name {
				n := l.counts
				fmt.Fprintf(&page, "| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %.0f |\n", l.name, l.spec.Contender,
					n.produced, n.acked, n.processed, n.again, n.deadLetters, n.reported, n.lost, n.disorder, n.rewound, n.past,
					l.took.Seconds())
			}
		}
	}
	if err := os.WriteFile(*docFlag, []byte(page.String()), 0o644); err != nil {
		tb.Error(err)
	}
}
