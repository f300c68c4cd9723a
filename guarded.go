package kafka

import (
	"encoding/binary"
	"net"
	"sync"
	"time"

	"github.com/typedkafka/kafka/internal/wire"
)

// A guarded connection reads along with all that a broker answers, and ends where it lies about sizes or counts: the client would take
// memory for what is announced before it looks at it, 80 times as much as was sent. See package wire. It stands below all
// clients of a proxy, since whoever a name leads to, or stands on the way, may answer.
type guarded struct {
	net.Conn
	bounds wire.Bounds
	most   int // the largest answer that a client takes

	mu     sync.Mutex            // guards what follows
	asked  map[int32]wireRequest // without an answer yet, by correlation id
	tokens bool                  // a SASL handshake of version 0 is followed by tokens that have no correlation id

	// Of the one goroutine that reads.
	held   [answerHead]byte // the beginning of an answer's head, not handed on yet
	have   int              // of held
	out    []byte           // what a reader of a few bytes has not taken yet
	few    [2 * answerHead]byte
	answer wire.Answer // the last one, or the one under way
	within bool        // an answer is under way
	stray  int         // bytes of an answer that nobody asked for
	over   bool        // what comes is no answer, and the client refuses it by itself
	speaks bool        // it has answered what was asked
	offer  []byte      // what has come of the versions that are offered; nil unless they are under way
	idle   idleness
	lie    error
}

type wireRequest struct{ key, version int16 }

// guard guards a connection of a proxy with a configuration.
func guard(conn net.Conn, c Config) net.Conn {
	most := max(int(c.Consumer.largestAnswer()), usualAnswer)
	bounds := wire.Bounds{Compressed: c.Consumer.MaxDecompressedBytes / wire.LeastRecord, Plain: most / plainRecord}
	return &guarded{Conn: conn, bounds: bounds, most: most, asked: make(map[int32]wireRequest)}
}

// Write notes what is asked. The client writes each request by one call.
func (g *guarded) Write(p []byte) (int, error) {
	if len(p) >= requestHead {
		request := wireRequest{int16(binary.BigEndian.Uint16(p[4:])), int16(binary.BigEndian.Uint16(p[6:]))}
		g.mu.Lock()
		if request.key != produceKey || acknowledged(p, request.version) {
			g.asked[int32(binary.BigEndian.Uint32(p[8:]))] = request
		}
		g.tokens = g.tokens || request == wireRequest{saslHandshakeKey, 0}
		g.mu.Unlock()
	}
	return g.Conn.Write(p)
}

// Read hands on what is found to be true. The head of an answer is handed on whole.
func (g *guarded) Read(p []byte) (int, error) {
	if len(g.out) > 0 {
		n := copy(p, g.out)
		g.out = g.out[n:]
		return n, nil
	}
	if len(p) >= 2*answerHead {
		return g.read(p)
	}
	n, err := g.read(g.few[:])
	taken := copy(p, g.few[:n])
	g.out = g.few[taken:n]
	return taken, err
}

func (g *guarded) read(p []byte) (int, error) {
	for g.lie == nil {
		held := copy(p, g.held[:g.have])
		n, err := g.Conn.Read(p[held:])
		fresh := p[:held+n]
		if n == 0 {
			fresh = nil
		} else {
			g.have = 0
		}
		if rest := g.follow(fresh); g.lie == nil && (len(rest) < len(fresh) || err != nil) {
			return len(fresh) - len(rest), err
		}
	}
	return 0, g.lie
}

// follow takes in what has come, and returns what is not to be handed on yet.
func (g *guarded) follow(b []byte) (rest []byte) {
	for len(b) > 0 && !g.over && g.lie == nil {
		switch {
		case g.stray > 0:
			n := min(g.stray, len(b))
			g.stray -= n
			b = b[n:]
		case g.within:
			b = g.walk(b)
		default:
			if b = g.begin(b); len(b) > 0 && len(b) < answerHead && !g.over && !g.within && g.stray == 0 {
				g.have = copy(g.held[:], b)
				return b
			}
		}
	}
	return nil
}

// walk walks through the answer that is under way.
func (g *guarded) walk(b []byte) (rest []byte) {
	rest, g.lie = g.answer.Walk(b)
	if g.offer != nil {
		g.offer = append(g.offer, b[:len(b)-len(rest)]...)
	}
	if g.lie != nil || !g.answer.Done() {
		return rest
	}
	g.within = false
	g.lie = g.judge()
	return rest
}

// judge judges what only shows in a whole answer.
func (g *guarded) judge() error {
	switch key, version := g.answer.Request(); key {
	case apiVersionsKey:
		offer := g.offer
		g.offer = nil
		return judgeOffer(offer, version)
	case fetchKey:
		return g.idle.judge(g.answer.HasMessages(), time.Now())
	}
	return nil
}

const (
	usualAnswer = 100 << 20 // franz-go's own bound. It refuses a larger one with better words, since it guesses what speaks there
	plainRecord = 24        // bytes of a record, on an average, that an answer full of them may come down to
)

// begin begins an answer, if its head has come.
func (g *guarded) begin(b []byte) []byte {
	if len(b) < 4 {
		return b
	}
	size := int(int32(binary.BigEndian.Uint32(b)))
	switch {
	case (size < 0 || size > g.most) && !g.speaks:
		g.over = true
		return nil
	case size < answerHead-4 || size > g.most:
		g.lie = wire.NewLie("an answer of %d bytes", size)
		return nil
	}
	if len(b) < answerHead {
		return b
	}
	g.identify(correlation(b), size-(answerHead-4))
	return b[answerHead:]
}

// identify finds what an answer is to.
func (g *guarded) identify(id int32, size int) {
	g.mu.Lock()
	request, asked := g.asked[id]
	delete(g.asked, id)
	tokens := g.tokens
	g.mu.Unlock()
	switch {
	case asked:
		g.lie = g.answer.Begin(request.key, request.version, size, g.bounds)
		g.within, g.speaks = g.lie == nil, true
		if g.within && request.key == apiVersionsKey {
			g.offer = make([]byte, 0, size)
		}
	case !tokens || size > wire.LargestStray:
		g.lie = wire.NewLie("an answer of %d bytes with the correlation id %d, to what was not asked", size, id)
	default:
		g.stray = size
	}
}
