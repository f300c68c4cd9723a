package kafka

import (
	"math/bits"
	"reflect"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A recordPool gives the client the memory for the records of a batch, again and again: what is to be handed out of them is in the
// trackers as soon as they are polled. The bytes of keys, values and headers are not in it; those are handed out for good. It is safe for
// concurrent use.
type recordPool struct {
	bySize [bits.UintSize + 1]sync.Pool // of *[]kgo.Record, by the length of their number in bits
}

// mostRecycled is how many records a batch may have whose memory is kept: some 3 MB.
const mostRecycled = 1 << 14

// GetRecords is called for each batch that is received.
func (p *recordPool) GetRecords(n int) []kgo.Record {
	if n > mostRecycled {
		return make([]kgo.Record, n)
	}
	room := n + n/8 // the next batch may be a little larger
	if spare, ok := p.ofSize(room).Get().(*[]kgo.Record); ok && len(*spare) >= n {
		return *spare
	}
	return make([]kgo.Record, room)
}

// PutRecords is called once the last record of a batch is recycled.
func (p *recordPool) PutRecords(spent []kgo.Record) {
	if len(spent) <= mostRecycled+mostRecycled/8 {
		p.ofSize(len(spent)).Put(&spent)
	}
}

func (p *recordPool) ofSize(n int) *sync.Pool { return &p.bySize[bits.Len(uint(n))] }

// onlyPool reports whether a client has no pool but ours: recycling a record gives back the memory of all pools of which it is made, and
// with one for decompressed bytes that of what is handed out.
func onlyPool(cl *kgo.Client) bool { return reflect.ValueOf(cl.OptValue(kgo.WithPools)).Len() == 1 }
