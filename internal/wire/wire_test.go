package wire_test

import (
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka/internal/wire"
)

var generous = wire.Bounds{Compressed: 1 << 20, Plain: 1 << 20}

// walk gives an answer in pieces of a size and returns how much of the bytes was left over.
func walk(key, version int16, body []byte, piece int) (rest int, a *wire.Answer, err error) {
	a = new(wire.Answer)
	err = a.Begin(key, version, len(body), generous)
	for err == nil && len(body) > 0 {
		var left []byte
		n := min(piece, len(body))
		left, err = a.Walk(body[:n])
		rest += len(left)
		body = body[n:]
	}
	return rest, a, err
}

// Each answer that package kmsg can write, in each version, filled at random, is walked to its end and to no other: one that is cut off
// is a lie.
func TestEveryAnswerIsWalked(t *testing.T) {
	t.Parallel()
	for key := range int16(kmsg.MaxKey + 1) {
		answer := kmsg.ResponseForKey(key)
		if answer == nil {
			continue
		}
		for version := range answer.MaxVersion() + 1 {
			for seed := range uint64(6) {
				answer := kmsg.ResponseForKey(key)
				answer.SetVersion(version)
				f := filler{rand.New(rand.NewPCG(uint64(key)<<32|uint64(version), seed)), version}
				f.fill(reflect.ValueOf(answer).Elem(), 0)
				answer.SetVersion(version)
				body := answer.AppendTo(nil)
				if answer.IsFlexible() && key != 18 {
					body = append([]byte{0}, body...)
				}
				rest, a, err := walk(key, version, body, 1+int(seed)*int(seed)*7)
				if err != nil || rest != 0 || !a.Done() {
					t.Fatalf("%s version %d, seed %d, %d bytes: %v", wire.Name(key), version, seed, len(body), err)
				}
				if cut := len(body) - 1 - int(seed)*len(body)/8; cut >= 0 && key != 18 {
					if _, _, err := walk(key, version, body[:cut], 1+int(seed)*7); !isLie(err) {
						t.Fatalf("%s version %d, seed %d, cut off after %d of %d bytes: %v", wire.Name(key), version, seed, cut, len(body), err)
					}
				}
			}
		}
	}
}

// A filler fills what it can.
type filler struct {
	*rand.Rand
	version int16
}

func (f filler) fill(v reflect.Value, deep int) {
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[kmsg.Tags]() {
			tags := v.Addr().Interface().(*kmsg.Tags)
			for range f.IntN(3) {
				tags.Set(1000+f.Uint32N(100_000), make([]byte, f.IntN(300)))
			}
			return
		}
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				f.fill(v.Field(i), deep+1)
			}
		}
	case reflect.Slice:
		n := f.IntN(4)
		if deep == 1 {
			n++ // what was asked for is named
		}
		if v.Type().Elem().Kind() == reflect.Uint8 {
			n *= 50 // not enough for the head of a batch to be taken for one
		}
		v.Set(reflect.MakeSlice(v.Type(), n, n))
		for i := range n {
			f.fill(v.Index(i), deep+1)
		}
	case reflect.Pointer:
		if f.IntN(3) > 0 {
			v.Set(reflect.New(v.Type().Elem()))
			f.fill(v.Elem(), deep+1)
		}
	case reflect.String:
		v.SetString(string(make([]byte, f.IntN(200))))
	case reflect.Bool:
		v.SetBool(f.IntN(2) == 0)
	case reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(int64(f.Uint32N(100)))
	case reflect.Array:
		for i := range v.Len() {
			f.fill(v.Index(i), deep+1)
		}
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(f.Uint32N(2)))
	}
}

func isLie(err error) bool {
	var lie *wire.Lie
	return errors.As(err, &lie)
}

func TestLies(t *testing.T) {
	t.Parallel()
	metadata := func(then ...byte) []byte { return append([]byte{0, 0, 0, 0, 0}, then...) } // version 12: tags, throttle
	for name, tc := range map[string]struct {
		key, version int16
		body         []byte
	}{
		"an array of more than there is":      {3, 12, append(metadata(0xff, 0xff, 0xff, 0x7f), make([]byte, 1<<20)...)},
		"an array that could be one-byte":     {3, 12, append(metadata(0x80, 0x80, 0x04), make([]byte, 1<<17)...)},
		"an old array of more":                {3, 1, append([]byte{0, 0x10, 0, 0}, make([]byte, 1<<21)...)},
		"a text of more":                      {3, 12, append(metadata(2, 0, 0, 0, 1), 0xff, 0xff, 0xff, 0xff, 0x07)},
		"tags without end":                    {3, 12, []byte{0xff, 0xff, 0xff, 0xff, 0x0f}},
		"a tag of more":                       {3, 12, []byte{1, 0, 0xff, 0xff, 0x3f, 0}},
		"brokers without end":                 {3, 12, append(metadata(0xa0, 0x8d, 0x06), make([]byte, 11*100_000)...)},
		"a batch that claims too many":        {1, 4, fetched(batch(2, 0, 1000, 70))},
		"a batch of a negative length":        {1, 4, fetched(batch(2, 0, 1, -200))},
		"a compressed batch that claims more": {1, 4, fetched(batch(2, 4, 1<<24, 70))},
		"a pause of 24 days":                  {3, 12, []byte{0, 0x7f, 0xff, 0xff, 0xff, 2}},
		"a produce answer about nothing":      {0, 9, []byte{0, 1, 0, 0, 0, 0, 0}},
		"a group's offsets of no group":       {9, 8, []byte{0, 0, 0, 0, 0, 1, 0}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, piece := range []int{1, 7, 1 << 30} {
				if _, _, err := walk(tc.key, tc.version, tc.body, piece); !isLie(err) {
					t.Errorf("in pieces of %d: %v", piece, err)
				}
			}
		})
	}
}

// A pause is shortened to a minute where it comes whole; it is refused where a part of it is handed on already, and where it is absurd.
func TestPauses(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct{ asked, handedOn uint32 }{
		"none": {0, 0}, "a minute": {60_000, 60_000}, "more": {60_001, 60_000},
		"23 hours": {23 * 3_600_000, 60_000}, "less than none": {1 << 31, 1 << 31},
	} {
		for _, piece := range []int{1, 4, 100} {
			resp := kmsg.NewPtrInitProducerIDResponse()
			resp.Version, resp.ThrottleMillis = 4, int32(tc.asked)
			body := resp.AppendTo([]byte{0})
			_, _, err := walk(22, 4, body, piece)
			if whole := piece == 100 || tc.asked == tc.handedOn; isLie(err) == whole {
				t.Errorf("%s in pieces of %d: %v", name, piece, err)
			}
			if got := binary.BigEndian.Uint32(body[1:]); err == nil && got != tc.handedOn {
				t.Errorf("%s in pieces of %d: %d", name, piece, got)
			}
		}
	}
}

func TestHonestBatches(t *testing.T) {
	t.Parallel()
	two := append(batch(2, 0, 10, 70), batch(2, 4, 1<<20, 9)...)
	for name, records := range map[string][]byte{
		"two": two, "cut off": two[:len(two)-5], "cut off in the head": two[:140], "an old one": batch(1, 0, 1<<30, 70), "none": {},
	} {
		body := fetched(records)
		for _, piece := range []int{1, 13, 1 << 20} {
			if rest, a, err := walk(1, 4, append(body, 1, 2, 3), piece); err != nil || rest != 0 || !a.Done() {
				t.Errorf("%s, in pieces of %d: %v", name, piece, err)
			}
		}
	}
}

func TestAnswersTooLarge(t *testing.T) {
	t.Parallel()
	for _, key := range []int16{3, 11, 18, 36, 10_000} {
		if err := new(wire.Answer).Begin(key, 0, 33<<20, generous); !isLie(err) {
			t.Errorf("key %d: %v", key, err)
		}
	}
	if err := new(wire.Answer).Begin(1, 0, 99<<20, generous); err != nil {
		t.Errorf("an answer with messages: %v", err)
	}
}

// fetched is an answer to a fetch of version 4 with one partition.
func fetched(records []byte) []byte {
	answer := kmsg.NewPtrFetchResponse()
	answer.Version = 4
	topic := kmsg.NewFetchResponseTopic()
	partition := kmsg.NewFetchResponseTopicPartition()
	partition.RecordBatches = records
	topic.Partitions = append(topic.Partitions, partition)
	answer.Topics = append(answer.Topics, topic)
	return answer.AppendTo(nil)
}

// batch is a batch that claims a number of records and has some bytes for them.
func batch(magic int8, attributes int16, claimed int32, bytes int) []byte {
	b := kmsg.RecordBatch{Magic: magic, Attributes: attributes, NumRecords: claimed, Length: int32(49 + bytes), Records: make([]byte, max(bytes, 70))}
	return b.AppendTo(nil)
}

// FuzzAnswer walks any bytes as an answer to anything, whole and in pieces: nothing panics, and both find the same.
func FuzzAnswer(f *testing.F) {
	f.Add(int16(3), int16(12), uint8(1), []byte{0, 0, 0, 0, 0, 2})
	f.Add(int16(1), int16(4), uint8(3), fetched(batch(2, 0, 3, 70)))
	f.Add(int16(18), int16(3), uint8(3), []byte{0, 35, 0, 0, 0, 1})
	f.Add(int16(68), int16(1), uint8(2), []byte{1, 1, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, key, version int16, piece uint8, body []byte) {
		_, _, whole := walk(key, version, body, len(body)+1)
		_, _, parts := walk(key, version, body, 1+int(piece))
		if (whole == nil) != (parts == nil) {
			t.Errorf("whole: %v; in pieces of %d: %v", whole, 1+int(piece), parts)
		}
		// What is walked can be decoded without more memory than it is worth.
		if answer := kmsg.ResponseForKey(key); whole == nil && answer != nil && version >= 0 && version <= answer.MaxVersion() && len(body) > 0 {
			answer.SetVersion(version)
			if answer.IsFlexible() && key != 18 {
				if body[0] != 0 {
					return
				}
				body = body[1:]
			}
			_ = answer.ReadFrom(body)
		}
	})
}
