package main

import (
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// settings are what the command line says.
type settings struct {
	rounds     int
	budget     time.Duration // of one measurement
	bytes      int           // that one measurement sends or receives at most
	quick      bool
	brokers    []string // none: the embedded one
	contenders []string
	messages   []string
	workloads  []workload
	docs       string // where the page and the pictures go; empty: nowhere
	profile    string // a folder; empty: no profiles
}

func parseSettings(args []string) (settings, error) {
	s := settings{bytes: 64 << 20}
	f := flag.NewFlagSet("bench", flag.ContinueOnError)
	f.IntVar(&s.rounds, "rounds", 8, "how often each contender runs on each message")
	f.DurationVar(&s.budget, "budget", 150*time.Millisecond, "how long one measurement takes at most, beside its warming up")
	f.BoolVar(&s.quick, "quick", false, "one short round, to prove that everything runs; its figures are not written anywhere")
	f.StringVar(&s.docs, "docs", "../docs", "the folder of performance.md and its pictures, or nothing")
	f.StringVar(&s.profile, "profile", "", "a folder for a CPU and an allocation profile of each measurement")
	brokers := f.String("brokers", os.Getenv("KAFKA_TEST_BROKERS"), "a real Kafka, as host:port,…; nothing: an embedded broker")
	who := f.String("contenders", strings.Join(names(contenders), ","), "who takes part")
	what := f.String("messages", strings.Join(names(messages), ","), "which messages")
	how := f.String("workloads", strings.Join(names(workloads), ","), "what is measured")
	if err := f.Parse(args); err != nil {
		return s, err
	}
	s.brokers = list(*brokers)
	s.contenders, s.messages = list(*who), list(*what)
	for _, w := range list(*how) {
		s.workloads = append(s.workloads, workload(w))
	}
	if s.quick {
		s.rounds, s.budget, s.bytes, s.docs = 1, 10*time.Millisecond, 1<<20, ""
	}
	return s, errors.Join(
		unknown("contender", s.contenders, names(contenders)),
		unknown("message", s.messages, names(messages)),
		unknown("workload", s.workloads, workloads),
		positive("rounds", s.rounds), positive("budget", s.budget))
}

// whole reports whether nothing was left out, so that the figures may stand in the page.
func (s settings) whole() bool {
	return len(s.contenders) == len(contenders) && len(s.messages) == len(messages) && len(s.workloads) == len(workloads)
}

func list(s string) []string {
	return slices.DeleteFunc(strings.Split(s, ","), func(word string) bool { return word == "" })
}

func unknown[S ~string](what string, asked, known []S) error {
	for _, a := range asked {
		if !slices.Contains(known, a) {
			return fmt.Errorf("there is no %s %q: there are %v", what, a, known)
		}
	}
	return nil
}

func positive[N cmp.Ordered](name string, n N) error {
	var zero N
	if n <= zero {
		return fmt.Errorf("-%s must be positive", name)
	}
	return nil
}
