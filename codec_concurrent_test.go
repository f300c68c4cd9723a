package kafka_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/internal/specimen"
	"github.com/typedkafka/kafka/schema"
)

// 64 goroutines use one codec, each with values of its own: nothing that one was given changes by what the others do, neither the
// bytes nor the values, nor by what is done with the bytes that were decoded.
func TestManyGoroutinesUseOneCodec(t *testing.T) {
	t.Parallel()
	codec, err := kafka.NewCodec(kafka.Topic[specimen.Order]{Name: "orders", Schema: schema.MustCompile([]byte(specimen.OrderSchema))})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 64 {
		wg.Go(func() {
			if err := useCodec(codec, g); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}

func useCodec(codec *kafka.Codec[specimen.Order], g int) error {
	const rounds = 30
	var wants, encoded [][]byte
	var memory []byte
	var values []specimen.Order
	for i := range rounds {
		v := specimen.NewOrder()
		v.Number, v.Note, v.Items = int64(g*rounds+i+1), fmt.Sprintf("<%d of %d>", i, g), v.Items[:1+i%len(v.Items)]
		want, err := json.Marshal(v)
		if err != nil {
			return err
		}
		raw, err := codec.Encode(*v)
		if err != nil {
			return err
		}
		if memory, err = kafka.EncodeInto(codec, memory, *v); err != nil || !bytes.Equal(memory, want) {
			return fmt.Errorf("round %d of %d: %s, %w; want %s", i, g, memory, err, want)
		}
		doc := bytes.Clone(raw)
		back, err := codec.Decode(doc)
		if err != nil {
			return err
		}
		clear(doc)
		wants, encoded, values = append(wants, want), append(encoded, raw), append(values, back)
	}
	for i, want := range wants {
		var v specimen.Order
		if err := json.Unmarshal(want, &v); err != nil {
			return err
		}
		if !bytes.Equal(encoded[i], want) || !reflect.DeepEqual(values[i], v) {
			return fmt.Errorf("round %d of %d: %s, %+v; want %s", i, g, encoded[i], values[i], want)
		}
	}
	return nil
}

// A keeper's methods keep the pointers that they are called with: the codec must not use that memory again.
type keeper struct {
	Text string
}

var kept struct {
	sync.Mutex
	all []*keeper
}

func (k *keeper) keep() {
	kept.Lock()
	defer kept.Unlock()
	kept.all = append(kept.all, k)
}

func (k *keeper) MarshalJSON() ([]byte, error) { k.keep(); return json.Marshal(k.Text) }

func (k *keeper) UnmarshalJSON(b []byte) error { k.keep(); return json.Unmarshal(b, &k.Text) }

func TestMethodsMayKeepTheirPointers(t *testing.T) {
	t.Parallel()
	codec, err := kafka.NewCodec(kafka.Topic[struct{ K []keeper }]{Name: "keepers", Schema: anything})
	if err != nil {
		t.Fatal(err)
	}
	kept.all = nil // of a run before this one, by -count
	for i := range 20 {
		v, err := codec.Decode(fmt.Appendf(nil, `{"K":["text %d"]}`, i))
		if err != nil {
			t.Fatal(err)
		}
		if raw, err := codec.Encode(v); err != nil || string(raw) != fmt.Sprintf(`{"K":["text %d"]}`, i) {
			t.Fatalf("%s, %v", raw, err)
		}
	}
	kept.Lock()
	defer kept.Unlock()
	if len(kept.all) < 40 {
		t.Errorf("%d pointers are kept, want those of 20 values twice: the test tests nothing", len(kept.all))
	}
	for i, k := range kept.all {
		if k.Text != fmt.Sprintf("text %d", i/2) {
			t.Errorf("what pointer %d points to has become %q", i, k.Text)
		}
	}
}
