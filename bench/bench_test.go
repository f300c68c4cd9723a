package main

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// TestMain lets the test's program be a broker or a worker, as the command's is.
func TestMain(m *testing.M) {
	if os.Getenv(roleVariable) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// TestEverythingRuns has each contender once on each message, in short: nothing here measures.
func TestEverythingRuns(t *testing.T) {
	t.Parallel()
	s, err := parseSettings([]string{"-quick", "-brokers="})
	if err != nil {
		t.Fatal(err)
	}
	if !s.whole() {
		t.Fatal("-quick leaves something out")
	}
	if err := direct(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

func TestSettingsNameWhatIsThere(t *testing.T) {
	t.Parallel()
	for _, args := range []string{"-contenders=nobody", "-messages=none", "-workloads=rest", "-rounds=0", "-budget=0s"} {
		if _, err := parseSettings([]string{args}); err == nil {
			t.Errorf("%s was taken", args)
		}
	}
	s, err := parseSettings([]string{"-messages=tiny"})
	if err != nil {
		t.Fatal(err)
	}
	if s.whole() {
		t.Error("a run of one message would be written into the page")
	}
}

func TestGoalsCompareWhatThereIs(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"embedded", "kafka"} {
		for _, g := range goalsOn(kind) {
			for _, name := range []string{g.cell.contender, g.against} {
				c, err := byName(contenders, name)
				if err != nil {
					t.Fatal(err)
				}
				if !c.offers(g.cell.workload) {
					t.Errorf("%s: %s has no %s", g.what, name, g.cell.workload)
				}
			}
		}
	}
	for _, name := range goalMessages {
		if _, err := byName(messages, name); err != nil {
			t.Error(err)
		}
	}
}

// TestRatiosAreOfOneRound: a round in which everything takes ten times as long changes no ratio.
func TestRatiosAreOfOneRound(t *testing.T) {
	t.Parallel()
	r := newResults()
	for round, slow := range []float64{1, 10, 1, 10} {
		r.add(round, yardstick, "tiny", sample{Workload: stream, Time: 2000 * slow})
		r.add(round, ours, "tiny", sample{Workload: stream, Time: 1000 * slow})
	}
	r.add(4, ours, "tiny", sample{Workload: stream, Time: 1}) // alone in its round
	c := cell{ours, "tiny", stream}
	if ratio, ok := r.ratio(c, yardstick, timeOf); !ok || ratio != 0.5 {
		t.Errorf("the ratio is %v, %v", ratio, ok)
	}
	if got := withRatio(r, timeOf)(c); got != "1 (0.5×)" {
		t.Errorf("the table says %q", got)
	}
	if got := withRatio(r, timeOf)(cell{ours, "batch", stream}); got != "–" {
		t.Errorf("the table says %q of what was not measured", got)
	}
	reached := goalsOn("embedded")[0].reached(r, "tiny")
	if reached != "0.5 (≤ 0.8) yes" {
		t.Errorf("the goal is said to be %q", reached)
	}
}

func TestSectionsOfThePage(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../docs/performance.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(text)
	for _, kind := range []string{"embedded", "kafka"} {
		changed, err := replaceSection(page, kind, "the figures of "+kind)
		if err != nil {
			t.Fatal(err)
		}
		again, err := replaceSection(changed, kind, "the figures of "+kind)
		if err != nil || again != changed {
			t.Errorf("writing the section %s twice is not writing it once: %v", kind, err)
		}
		if !strings.Contains(changed, "the figures of "+kind) || !strings.HasPrefix(changed, page[:200]) {
			t.Errorf("the section %s is not where it belongs", kind)
		}
		page = changed
	}
	if _, err := replaceSection("# A page\n", "kafka", ""); err == nil {
		t.Error("a page without marks was written")
	}
}

// TestMeterEnds: a measurement ends by its count, and by its time.
func TestMeterEnds(t *testing.T) {
	t.Parallel()
	m := &meter{most: 10, stride: 3, budget: 1 << 60}
	m.begin()
	for m.more() {
	}
	if m.records != 10 {
		t.Errorf("%d records instead of 10", m.records)
	}
	m = &meter{most: 10, stride: 3}
	m.begin()
	for m.more() {
	}
	if m.records != 3 {
		t.Errorf("%d records, where the first look at the clock was due after 3", m.records)
	}
}

// TestCodecsAgree: all contenders send the same bytes, and read them.
func TestCodecsAgree(t *testing.T) {
	t.Parallel()
	for _, m := range messages {
		want, err := json.Marshal(m.value)
		if err != nil {
			t.Fatal(err)
		}
		for name, of := range map[string]codecOf{"raw": rawCodec, "std": stdCodec, "v2": v2Codec, "naive": naiveCodec} {
			c, err := of(m)
			if err != nil {
				t.Fatal(err)
			}
			raw, err := c.encode()
			if err != nil || len(raw) == 0 {
				t.Fatalf("%s, %s: %v", name, m.name, err)
			}
			if err := c.decode(want); err != nil {
				t.Errorf("%s, %s: %v", name, m.name, err)
			}
			var a, b any
			if json.Unmarshal(raw, &a) != nil || json.Unmarshal(want, &b) != nil || !equal(a, b) {
				t.Errorf("%s makes another message of %s", name, m.name)
			}
		}
	}
}

func equal(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}
