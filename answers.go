package kafka

import (
	"context"
	"encoding/binary"
	"net"
	"sync"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// An answers reads along with a connection's produce requests and their answers, and counts what is under way and what leaves open
// whether a record was written. franz-go tries such a record again and tells only the last answer: where that is a refusal, the
// record may be written all the same, and none of its hooks shows the codes in between.
type answers struct {
	net.Conn
	counts *produceCounts

	mu       sync.Mutex      // guards versions
	versions map[int32]int16 // of the produce requests without an answer yet, by correlation id

	// Of the one goroutine that reads.
	frame []byte // the part of an answer that has come
	skip  int    // bytes of an answer to something else that are still to come
	lost  bool   // what comes is no answer; the client gives the connection up
}

// The beginning of every request and of every answer.
const (
	requestHead = 4 + 2 + 2 + 4 // size, key, version, correlation id
	answerHead  = 4 + 4         // size, correlation id
)

// Write notes a produce request. The client writes each request by one call.
func (a *answers) Write(p []byte) (int, error) {
	if len(p) >= requestHead && int16(binary.BigEndian.Uint16(p[4:])) == produceKey {
		a.mu.Lock()
		a.versions[int32(binary.BigEndian.Uint32(p[8:]))] = int16(binary.BigEndian.Uint16(p[6:]))
		a.mu.Unlock()
		a.counts.underWay.Add(1)
	}
	return a.Conn.Write(p)
}

// Read looks at what was read before the client does, so that its next try comes after the count.
func (a *answers) Read(p []byte) (int, error) {
	n, err := a.Conn.Read(p)
	for b := p[:n]; len(b) > 0 && !a.lost; {
		b = a.follow(b)
	}
	return n, err
}

// Close leaves open what has no answer. The client tries that again afterwards.
func (a *answers) Close() error {
	a.mu.Lock()
	unanswered := len(a.versions)
	clear(a.versions)
	a.mu.Unlock()
	a.counts.doubtful.Add(uint64(unanswered))
	a.counts.underWay.Add(-int64(unanswered))
	return a.Conn.Close()
}

// follow takes in what has come, up to the end of an answer or of its head, and returns the rest.
func (a *answers) follow(b []byte) (rest []byte) {
	if a.skip > 0 {
		n := min(a.skip, len(b))
		a.skip -= n
		return b[n:]
	}
	n := min(a.missing(), len(b))
	a.frame = append(a.frame, b[:n]...)
	if len(a.frame) == answerHead {
		a.head()
	}
	if len(a.frame) > answerHead && a.missing() == 0 {
		a.judge(a.frame)
		a.frame = a.frame[:0]
	}
	return b[n:]
}

// missing is how much of the answer under way, or of its head, is still to come.
func (a *answers) missing() int {
	if len(a.frame) < answerHead {
		return answerHead - len(a.frame)
	}
	return 4 + int(binary.BigEndian.Uint32(a.frame)) - len(a.frame)
}

// head decides whether an answer is one to look at.
func (a *answers) head() {
	size := int32(binary.BigEndian.Uint32(a.frame))
	if size <= answerHead-4 { // no answer is as short
		a.lost = true
		a.counts.doubtful.Add(1)
		return
	}
	a.mu.Lock()
	_, produced := a.versions[correlation(a.frame)]
	waiting := len(a.versions) > 0
	a.mu.Unlock()
	if produced {
		return
	}
	a.skip = int(size) - (answerHead - 4)
	a.frame = a.frame[:0]
	if waiting { // the client, which asks nothing else over a connection that produces, gives it up here
		a.counts.doubtful.Add(1)
	}
}

func correlation(frame []byte) int32 { return int32(binary.BigEndian.Uint32(frame[4:])) }

// judge counts an answer that leaves a record open, and one that can't be understood.
func (a *answers) judge(frame []byte) {
	id := correlation(frame)
	a.mu.Lock()
	version, waiting := a.versions[id]
	delete(a.versions, id)
	a.mu.Unlock()
	if !waiting { // closed meanwhile
		return
	}
	if !settles(frame[answerHead:], version) {
		a.counts.doubtful.Add(1)
	}
	a.counts.underWay.Add(-1)
}

// settles reports whether an answer says of each record that it was written, or that it was not.
func settles(body []byte, version int16) bool {
	resp := kmsg.NewPtrProduceResponse()
	resp.SetVersion(version)
	if resp.IsFlexible() { // the head ends with the number of its tags; brokers send none
		if body[0] != 0 {
			return false
		}
		body = body[1:]
	}
	if resp.ReadFrom(body) != nil {
		return false
	}
	for _, t := range resp.Topics {
		for _, p := range t.Partitions {
			// Written, but not by enough replicas, or not by enough of them in time.
			if p.ErrorCode == kerr.NotEnoughReplicasAfterAppend.Code || p.ErrorCode == kerr.RequestTimedOut.Code {
				return false
			}
		}
	}
	return true
}

// readAnswers are the options of a client that connects by dial and reads along with what it produces. It is for clients whose
// requests are answered: not for those of acks none.
func readAnswers(dial dialler, counts *produceCounts) []kgo.Opt {
	reading := func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		if err != nil {
			return nil, err
		}
		return &answers{Conn: conn, counts: counts, versions: make(map[int32]int16)}, nil
	}
	return []kgo.Opt{kgo.DialTLSConfig(nil), kgo.Dialer(reading)} // dial has TLS in it
}
