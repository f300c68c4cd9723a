package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"
)

// A director lets the contenders take turns and collects what they came to.
type director struct {
	settings
	topics  *topics
	stocks  map[string]stock // by message, and by message and "-framed"
	results results
}

// direct is the whole run.
func direct(ctx context.Context, s settings) (err error) {
	kind := "kafka"
	if len(s.brokers) == 0 {
		kind = "embedded"
		brokers, stop, err := startBroker(ctx)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, stop()) }()
		s.brokers = brokers
	}
	about := describe(kind, s)
	t, err := newTopics(s.brokers, s.bytes)
	if err != nil {
		return err
	}
	defer t.close()
	d := &director{settings: s, topics: t, stocks: make(map[string]stock), results: newResults()}
	began := time.Now()
	if err := errors.Join(d.play(ctx), d.clean(ctx)); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d rounds took %s\n", s.rounds, time.Since(began).Round(time.Second))
	return publish(s, kind, about, d.results)
}

// play fills the topics and has all rounds.
func (d *director) play(ctx context.Context) error {
	for _, name := range d.messages {
		m, err := byName(messages, name)
		if err != nil {
			return err
		}
		for _, framed := range []bool{false, true} {
			s, err := d.topics.fill(ctx, m, framed)
			if err != nil {
				return fmt.Errorf("fill a topic with message %s: %w", name, err)
			}
			d.stocks[stockName(name, framed)] = s
		}
	}
	for round := range d.rounds {
		for _, m := range d.messages {
			if err := d.round(ctx, round, m); err != nil {
				return err
			}
		}
	}
	return nil
}

func stockName(message string, framed bool) string { return fmt.Sprint(message, framed) }

// round has each contender once on a message. Who begins changes from round to round.
func (d *director) round(ctx context.Context, round int, message string) error {
	for i := range d.contenders {
		name := d.contenders[(i+round)%len(d.contenders)]
		c, err := byName(contenders, name)
		if err != nil {
			return err
		}
		samples, err := d.turn(ctx, round, c, message)
		if err != nil {
			return err
		}
		for _, s := range samples {
			d.results.add(round, name, message, s)
		}
	}
	fmt.Fprintf(os.Stderr, "round %d of %d: %s\n", round+1, d.rounds, message)
	return nil
}

// turn runs a contender's process on a message.
func (d *director) turn(ctx context.Context, round int, c contender, message string) ([]sample, error) {
	topic, err := d.topics.create(ctx, fmt.Sprintf("%s-%s-%d", c.name, message, round))
	if err != nil {
		return nil, err
	}
	stock := d.stocks[stockName(message, c.framed)]
	var jobs []job
	for _, w := range d.workloads {
		if !c.offers(w) {
			continue
		}
		j := job{
			Brokers: d.brokers, Contender: c.name, Message: message, Workload: w, Topic: topic, Group: topic,
			Budget: int64(d.budget), Most: stock.records, Profile: d.profile,
		}
		if w == consume {
			j.Topic = stock.topic
		}
		jobs = append(jobs, j)
	}
	samples, err := d.employ(ctx, jobs)
	d.topics.forget(ctx, topic)
	return samples, errors.Join(err, d.topics.delete(ctx, topic))
}

// employ runs jobs in one process; each in one of its own where allocations are profiled, which belong to a process.
func (d *director) employ(ctx context.Context, jobs []job) (samples []sample, err error) {
	size := max(1, len(jobs))
	if d.profile != "" {
		size = 1
	}
	for some := range slices.Chunk(jobs, size) {
		more, err := employ(ctx, some)
		if err != nil {
			return nil, err
		}
		samples = append(samples, more...)
	}
	return samples, nil
}

// employ runs jobs in a process of their own.
func employ(ctx context.Context, jobs []job) ([]sample, error) {
	const longest = time.Minute // then something hangs
	ctx, cancel := context.WithTimeout(ctx, longest)
	defer cancel()
	cmd, err := again(ctx, roleWorker)
	if err != nil {
		return nil, err
	}
	text, err := json.Marshal(jobs)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	cmd.Stdin, cmd.Stdout = bytes.NewReader(text), &out
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("the process of %s with message %s: %w", jobs[0].Contender, jobs[0].Message, err)
	}
	var samples []sample
	return samples, json.Unmarshal(out.Bytes(), &samples)
}

// clean deletes the full topics.
func (d *director) clean(ctx context.Context) error {
	var errs []error
	for _, s := range d.stocks {
		errs = append(errs, d.topics.delete(ctx, s.topic))
	}
	return errors.Join(errs...)
}
