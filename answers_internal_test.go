package kafka

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// answerOf is a broker's answer to a produce request, as it comes over the wire.
func answerOf(id int32, version int16, codes ...int16) []byte {
	resp := kmsg.NewPtrProduceResponse()
	resp.SetVersion(version)
	topic := kmsg.NewProduceResponseTopic()
	topic.Topic = "orders"
	for i, code := range codes {
		part := kmsg.NewProduceResponseTopicPartition()
		part.Partition, part.ErrorCode = int32(i), code
		topic.Partitions = append(topic.Partitions, part)
	}
	resp.Topics = append(resp.Topics, topic)
	body := binary.BigEndian.AppendUint32(nil, uint32(id))
	if resp.IsFlexible() {
		body = append(body, 0)
	}
	return framed(resp.AppendTo(body))
}

func framed(body []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(body))), body...)
}

// requestOf is the head of a request.
func requestOf(key, version int16, id int32) []byte {
	body := binary.BigEndian.AppendUint16(nil, uint16(key))
	body = binary.BigEndian.AppendUint16(body, uint16(version))
	return framed(binary.BigEndian.AppendUint32(body, uint32(id)))
}

// A socket gives what a broker sends, in pieces of a few bytes.
type socket struct {
	net.Conn
	in    io.Reader
	piece int
}

func (w socket) Close() error                { return nil }
func (w socket) Write(p []byte) (int, error) { return len(p), nil }
func (w socket) Read(p []byte) (int, error)  { return w.in.Read(p[:min(w.piece, len(p))]) }

// leftOpenBy counts what is left open where the requests were sent and the bytes come, piece by piece.
func leftOpenBy(in []byte, piece int, requests ...[]byte) uint64 {
	var counts produceCounts
	a := &answers{Conn: socket{in: bytes.NewReader(in), piece: piece}, counts: &counts, versions: make(map[int32]int16)}
	for _, r := range requests {
		_, _ = a.Write(r)
	}
	var err error
	for buf := make([]byte, 64); !errors.Is(err, io.EOF); {
		_, err = a.Read(buf)
	}
	return counts.doubtful.Load()
}

func TestAnAnswerToldInAnyPiecesIsUnderstood(t *testing.T) {
	t.Parallel()
	const metadata = 3
	timedOut, short := kerr.RequestTimedOut.Code, kerr.NotEnoughReplicasAfterAppend.Code
	versions := map[string]int16{"before topic ids and tags": 7, "with tags": 9, "with topic ids": 13}
	for name, version := range versions {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := [][]byte{requestOf(metadata, 12, 0), requestOf(produceKey, version, 1), requestOf(produceKey, version, 2)}
			other := framed(append([]byte{0, 0, 0, 0}, bytes.Repeat([]byte{7}, 300)...))
			for what, test := range map[string]struct {
				in   []byte
				want uint64
			}{
				"written":         {answerOf(1, version, 0, 0), 0},
				"refused":         {answerOf(1, version, kerr.MessageTooLarge.Code, kerr.NotLeaderForPartition.Code), 0},
				"timed out":       {answerOf(1, version, 0, timedOut), 1},
				"twice":           {append(answerOf(1, version, short), answerOf(2, version, timedOut)...), 2},
				"after a good":    {append(answerOf(1, version, 0), answerOf(2, version, short)...), 1},
				"cut short":       {framed(answerOf(1, version, 0)[4:20]), 1},
				"of nobody":       {answerOf(9, version, 0), 1},
				"no answer":       {[]byte{0, 0, 0, 2, 0, 0, 0, 1, 0, 0}, 1},
				"another's first": {append(bytes.Clone(other), answerOf(1, version, short)...), 2}, // the client gives it up there
			} {
				for _, piece := range []int{1, 3, 8, 64} {
					if got := leftOpenBy(test.in, piece, asked...); got != test.want {
						t.Errorf("%s, in pieces of %d: %d left open, want %d", what, piece, got, test.want)
					}
				}
			}
			if got := leftOpenBy(other, 5, asked[0]); got != 0 {
				t.Error("an answer to something else leaves a message open")
			}
		})
	}
}

// What has no answer when the connection closes is left open, and no longer under way.
func TestWhatHasNoAnswerAtTheEndIsLeftOpen(t *testing.T) {
	t.Parallel()
	var counts produceCounts
	a := &answers{Conn: socket{in: bytes.NewReader(answerOf(1, 9, 0)), piece: 64}, counts: &counts, versions: make(map[int32]int16)}
	for id := range int32(3) {
		_, _ = a.Write(requestOf(produceKey, 9, id+1))
	}
	_, _ = a.Read(make([]byte, 64))
	if n := counts.underWay.Load(); n != 2 {
		t.Errorf("%d are under way, want 2", n)
	}
	_ = a.Close()
	_ = a.Close()
	if open, n := counts.doubtful.Load(), counts.underWay.Load(); open != 2 || n != 0 {
		t.Errorf("%d are left open and %d under way, want 2 and 0", open, n)
	}
}

func FuzzAnswers(f *testing.F) {
	f.Add(answerOf(1, 13, 0, kerr.RequestTimedOut.Code), int16(13), uint8(3))
	f.Add(answerOf(1, 7, 0), int16(7), uint8(1))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 1}, int16(9), uint8(8))
	f.Fuzz(func(t *testing.T, in []byte, version int16, piece uint8) {
		requests := [][]byte{requestOf(produceKey, version, 1), requestOf(produceKey, version, 2)}
		whole := leftOpenBy(in, 64, requests...)
		if got := leftOpenBy(in, 1+int(piece)%64, requests...); got != whole {
			t.Errorf("%d left open in pieces of %d, %d otherwise", got, 1+int(piece)%64, whole)
		}
	})
}
