package kafka

import (
	"errors"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/typedkafka/kafka/schema"
)

// written is a delivery that is settled, whose value took n bytes.
func written(n int) *delivery {
	memory := make([]byte, n)
	return &delivery{parcel: parcel{rec: kgo.Record{Value: memory}}, memory: memory, settled: true}
}

func TestSpareDeliveriesKeepNothingOfAMessage(t *testing.T) {
	t.Parallel()
	var s spares
	d := written(100)
	d.done, d.awaited, d.rec.Key = func(Delivery, error) {}, true, []byte("k")
	s.put(d)
	again := s.get()
	if again != d || cap(again.memory) != 100 {
		t.Fatalf("another delivery, or without its memory: %+v", again)
	}
	if again.rec.Value != nil || again.rec.Key != nil || again.done != nil || again.awaited || again.settled {
		t.Errorf("something is left of its last message: %+v", again)
	}
	if s.memory != 0 {
		t.Errorf("%d bytes are counted, and nothing is left", s.memory)
	}
}

func TestADeliveryThatFailedOrThatAHookMayHaveIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	failed := written(1)
	failed.err = errors.New("unknown")
	for what, c := range map[string]struct {
		s spares
		d *delivery
	}{"failed": {spares{}, failed}, "hooked": {spares{never: true}, written(1)}} {
		if c.s.put(c.d); len(c.s.list) > 0 {
			t.Errorf("%s: it is kept", what)
		}
	}
}

// A burst of large messages must not stay in memory for ever.
func TestSpareMemoryIsBounded(t *testing.T) {
	t.Parallel()
	var s spares
	s.put(written(largestSpare + 1))
	if s.memory != 0 || s.list[0].memory != nil {
		t.Errorf("the memory of one large message is kept: %d bytes", s.memory)
	}
	const n = 2 * mostSpare / largestSpare
	for range n {
		s.put(written(largestSpare))
	}
	if s.memory != mostSpare {
		t.Errorf("%d bytes are kept, want %d", s.memory, mostSpare)
	}
	sum := 0
	for range n + 1 {
		sum += cap(s.get().memory)
	}
	if sum != mostSpare || s.memory != 0 {
		t.Errorf("%d bytes came back, %d are left; want %d and 0", sum, s.memory, mostSpare)
	}
}

func TestASenderAtRestKeepsLittle(t *testing.T) {
	t.Parallel()
	for what, fill := range map[string]func(*spares){
		"many deliveries": func(s *spares) {
			for range restingCount + 1 {
				s.put(written(1))
			}
		},
		"much memory": func(s *spares) {
			s.put(written(restingSpare))
			s.put(written(1))
		},
	} {
		var s spares
		fill(&s)
		if s.leave(); len(s.list) > 0 || s.memory > 0 {
			t.Errorf("%s: %d deliveries and %d bytes are left", what, len(s.list), s.memory)
		}
	}
	var few spares
	few.put(written(restingSpare))
	if few.leave(); len(few.list) != 1 {
		t.Error("a sender of one message now and then begins anew with each")
	}
}

func TestASmallValueDoesNotHoldTheMemoryOfALargeOne(t *testing.T) {
	t.Parallel()
	codec, err := NewCodec(Topic[string]{Schema: schema.MustCompile([]byte(`{"type": "string"}`))})
	if err != nil {
		t.Fatal(err)
	}
	var memory []byte
	for _, n := range []int{10_000, 9_000, 100, 150, 10} {
		if memory, err = codec.encodeInto(memory, strings.Repeat("x", n)); err != nil || len(memory) != n+2 {
			t.Fatalf("%d bytes, %v; want %d", len(memory), err, n+2)
		}
		if most := tooLargeFor*len(memory) + minWaste; cap(memory) > most {
			t.Errorf("%d bytes take %d, want at most %d", len(memory), cap(memory), most)
		}
	}
	if kept, err := codec.encodeInto(memory, "\xff"); err == nil || cap(kept) != cap(memory) {
		t.Errorf("after an invalid value %d bytes are left of %d (%v)", cap(kept), cap(memory), err)
	}
}
