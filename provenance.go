package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/schema"
)

// The headers of a dead letter. Names and values are texts, so that any tool shows them; times are RFC 3339 in UTC. The names and forms
// of topic, partition, offset and reason are those of SmallRye, Quarkus' Kafka library, so that either reads the other's.
const (
	deadPrefix     = "dead-letter-"
	deadTopic      = deadPrefix + "topic" // the first of a dead letter's
	deadPartition  = deadPrefix + "partition"
	deadOffset     = deadPrefix + "offset"
	deadLastOffset = deadPrefix + "last-offset" // where a stretch of the log could not be read
	deadTimestamp  = deadPrefix + "timestamp"
	deadGroup      = deadPrefix + "group"
	deadClientID   = deadPrefix + "client-id"
	deadAttempts   = deadPrefix + "attempts"
	deadKind       = deadPrefix + "kind"
	deadRule       = deadPrefix + "rule"
	deadTime       = deadPrefix + "time"
	deadReason     = deadPrefix + "reason"
)

// The kinds of failure, as Provenance.Kind says.
const (
	kindDecode    = "decode"
	kindSchema    = "schema"
	kindTombstone = "tombstone"
	kindBatch     = "batch"
	kindHandler   = "handler"
	kindPanic     = "panic"
	kindPermanent = "permanent"
	kindTimeout   = "timeout"
)

// An Origin is where a message first stood. It is comparable, so a reader can keep the ones that it has seen in a map.
type Origin struct {
	Topic     string
	Partition int32
	Offset    int64
}

// A Provenance says where a dead letter comes from and why it is there. What the dead letter does not say is zero: another
// library's, and one that was almost too large, may have no more than the Origin.
type Provenance struct {
	// Origin is where the message stood when it failed.
	Origin
	// LastOffset is the end of a stretch of the log that could not be read (Kind "batch"); otherwise it is Offset.
	LastOffset int64
	// Timestamp is the message's own time, in the dead letter's Timestamp too unless the dead-letter topic refused it.
	Timestamp time.Time
	// Group and ClientID are who failed.
	Group, ClientID string
	// Attempts is how many times a handler was called with it; 0 where it could not be decoded.
	Attempts int
	// Kind is "decode" (the bytes are no JSON of the allowed size and form, or do not fit the type), "schema" (they break the
	// schema), "tombstone" (an unexpected null value), "batch" (a stretch of the log that decompresses to more than allowed, and has
	// no bytes here), or of a handler's error: "panic", "permanent" (see Permanent), "timeout" (its own, or that of a call it made) or
	// "handler".
	Kind string
	// Rule names the rules of the schema or the form that were broken, separated by spaces.
	Rule string
	// Reason is the error's text, cut at 1,000 bytes.
	Reason string
	// FailedAt is when the last attempt failed.
	FailedAt time.Time
	// Redrives is how many times the message had been redriven before it failed.
	Redrives int
}

// extent is how many of its headers a dead letter has.
type extent int

const (
	everything extent = iota
	withoutReason
	positionOnly
)

// provenance are the headers that say where a message comes from and why it failed.
func (d *deadLetters) provenance(m *MessageError, e extent) []Header {
	var all []Header
	add := func(name, value string) {
		if value != "" {
			all = append(all, Header{Key: name, Value: []byte(value)})
		}
	}
	add(deadTopic, m.Topic)
	add(deadPartition, strconv.Itoa(int(m.Partition)))
	add(deadOffset, strconv.FormatInt(m.Offset, 10))
	var large *kgo.ErrDecompressTooLarge
	if errors.As(m.Err, &large) {
		add(deadLastOffset, strconv.FormatInt(large.NextOffset-1, 10))
	}
	kind, rule := kindOfFailure(m)
	add(deadKind, kind)
	if e == positionOnly {
		return all
	}
	add(deadRule, rule)
	add(deadTimestamp, timeText(m.Timestamp))
	add(deadGroup, d.group)
	add(deadClientID, d.line.sender.proxy.cfg.ClientID)
	add(deadAttempts, strconv.Itoa(m.Attempts))
	add(deadTime, timeText(m.failed))
	if e == everything {
		add(deadReason, cut(fmt.Sprint(m.Err), maxReason)) // Sprint survives an Error method that panics
	}
	return all
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

const (
	maxReason = 1000
	maxRule   = 200
)

// cut bounds a text to most bytes, at the border of a character.
func cut(text string, most int) string {
	const sign = "…"
	text = strings.ToValidUTF8(text, "\ufffd")
	if len(text) <= most {
		return text
	}
	end := most - len(sign)
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + sign
}

// kindOfFailure says what kind of failure a message had, and which rules it broke.
func kindOfFailure(m *MessageError) (kind, rule string) {
	var large *kgo.ErrDecompressTooLarge
	var invalid *schema.ValidationError
	switch {
	case errors.As(m.Err, &large):
		return kindBatch, ""
	case m.Attempts > 0: // its error may be a ValidationError too, of what the handler wanted to send
		return kindOfHandlersError(m.Err), ""
	case errors.Is(m.Err, errTombstone):
		return kindTombstone, ""
	case errors.As(m.Err, &invalid):
		return kindOfInvalid(invalid)
	}
	return kindDecode, ""
}

func kindOfHandlersError(err error) string {
	var panicked *PanicError
	var permanent *permanentError
	switch {
	case errors.As(err, &panicked):
		return kindPanic
	case errors.As(err, &permanent):
		return kindPermanent
	case errors.Is(err, context.DeadlineExceeded):
		return kindTimeout
	}
	return kindHandler
}

// ofTheBytes are the rules that are no keywords of a schema.
var ofTheBytes = []string{"size", "depth", "number", "utf8", "surrogate", "duplicate", "trailing", "syntax", kindDecode}

func kindOfInvalid(invalid *schema.ValidationError) (kind, rule string) {
	rules := invalid.Rules()
	kind = kindDecode
	if slices.ContainsFunc(rules, func(rule string) bool { return !slices.Contains(ofTheBytes, rule) }) {
		kind = kindSchema
	}
	return kind, cut(strings.Join(rules, " "), maxRule)
}

// ParseDeadLetter reads where a record of a dead-letter topic comes from and why it is there: give it the Record of a Message or of a
// MessageError. It fails where the record does not say at least its topic, partition and offset, or says something in another form
// than dead letters do.
func ParseDeadLetter(r *Record) (Provenance, error) {
	if r == nil {
		return Provenance{}, errors.New("kafka: a nil record is no dead letter")
	}
	h := headerReader{r: r}
	p := Provenance{
		Origin:    h.origin(deadTopic, deadPartition, deadOffset),
		Timestamp: h.time(deadTimestamp), FailedAt: h.time(deadTime),
		Group: h.text(deadGroup), ClientID: h.text(deadClientID), Attempts: int(h.number(deadAttempts, math.MaxInt32)),
		Kind: h.text(deadKind), Rule: h.text(deadRule), Reason: h.text(deadReason),
		Redrives: int(h.number(redriveCount, math.MaxInt32)),
	}
	p.LastOffset = max(h.number(deadLastOffset, math.MaxInt64), p.Offset)
	if err := errors.Join(h.faults...); err != nil {
		return Provenance{}, fmt.Errorf("kafka: %s[%d]@%d is no dead letter: %w", r.Topic, r.Partition, r.Offset, err)
	}
	return p, nil
}

// A headerReader reads a record's headers and collects their faults. The headers are anybody's.
type headerReader struct {
	r      *Record
	faults []error
}

func (h *headerReader) fault(name, what string) {
	h.faults = append(h.faults, fmt.Errorf("its header %s %s", name, what))
}

func (h *headerReader) text(name string) string {
	v, _ := h.r.Header(name)
	return strings.ToValidUTF8(string(v), "\ufffd")
}

// origin reads what must be there.
func (h *headerReader) origin(topic, partition, offset string) Origin {
	for _, name := range []string{topic, partition, offset} {
		if v, _ := h.r.Header(name); len(v) == 0 {
			h.fault(name, "is missing")
		}
	}
	o := Origin{Topic: h.text(topic), Partition: int32(h.number(partition, math.MaxInt32)), Offset: h.number(offset, math.MaxInt64)}
	if err := checkTopicName(cmp.Or(o.Topic, topic)); err != nil {
		h.fault(topic, "is no name of a topic")
	}
	return o
}

// number reads a number from 0 to most; 0 where there is none.
func (h *headerReader) number(name string, most int64) int64 {
	v, ok := h.r.Header(name)
	if !ok || len(v) == 0 {
		return 0
	}
	n, err := strconv.ParseInt(string(v), 10, 64)
	if err != nil || n < 0 || n > most {
		h.fault(name, fmt.Sprintf("is no number from 0 to %d", most))
		return 0
	}
	return n
}

func (h *headerReader) time(name string) time.Time {
	v, ok := h.r.Header(name)
	if !ok || len(v) == 0 {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339Nano, string(v))
	if err != nil {
		h.fault(name, "is no time such as 2006-01-02T15:04:05Z")
	}
	return t
}
