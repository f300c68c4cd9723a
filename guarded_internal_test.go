package kafka

import (
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka/internal/wire"
)

// asked writes a request to a connection, as a client does.
func asked(t *testing.T, g io.Writer, key, version int16, id int32) {
	t.Helper()
	req := kmsg.RequestForKey(key)
	req.SetVersion(version)
	if produce, is := req.(*kmsg.ProduceRequest); is {
		produce.Acks = -1
	}
	if _, err := g.Write(kmsg.NewRequestFormatter().AppendRequest(nil, req, id)); err != nil {
		t.Fatal(err)
	}
}

// metadataAnswer is the answer to a metadata request.
func metadataAnswer(id int32, version int16, brokers int) []byte {
	resp := kmsg.NewPtrMetadataResponse()
	resp.Version = version
	resp.Brokers = make([]kmsg.MetadataResponseBroker, brokers)
	head := []byte{0, 0, 0, byte(id)}
	if resp.IsFlexible() {
		head = append(head, 0)
	}
	body := resp.AppendTo(head)
	return append([]byte{0, 0, byte(len(body) >> 8), byte(len(body))}, body...)
}

// Whatever the pieces in which answers come, and in which they are read, the client gets the same bytes.
func TestGuardHandsOnEveryByte(t *testing.T) {
	t.Parallel()
	wanted := bytes.Join([][]byte{metadataAnswer(1, 12, 9), metadataAnswer(2, 1, 3), answerOf(3, 9, 0), {0, 0, 0, 4, 0, 0, 0, 9}, metadataAnswer(4, 12, 40)}, nil)
	for piece := 1; piece < 40; piece++ {
		for _, read := range []func(io.Reader) io.Reader{iotest.OneByteReader, iotest.HalfReader, func(r io.Reader) io.Reader { return r }} {
			g := guard(socket{in: bytes.NewReader(wanted), piece: piece}, Config{}.withDefaults())
			asked(t, g, 3, 12, 1)
			asked(t, g, 3, 1, 2)
			asked(t, g, produceKey, 9, 3)
			asked(t, g, saslHandshakeKey, 0, 7) // what is not asked may come now
			asked(t, g, 3, 12, 4)
			got, err := io.ReadAll(read(g))
			if err != nil || !bytes.Equal(got, wanted) {
				t.Fatalf("in pieces of %d: %d bytes of %d, %v", piece, len(got), len(wanted), err)
			}
		}
	}
}

// A lie ends the connection for good, before the last of its bytes is handed on.
func TestGuardEndsWithALie(t *testing.T) {
	t.Parallel()
	lied := metadataAnswer(1, 12, 9)
	lied[13] = 0xff // the number of brokers, in one byte until now
	for piece := 1; piece < 40; piece++ {
		g := guard(socket{in: bytes.NewReader(lied), piece: piece}, Config{}.withDefaults())
		asked(t, g, 3, 12, 1)
		got, err := io.ReadAll(g)
		var lie *wire.Lie
		if !errors.As(err, &lie) || len(got) >= len(lied) {
			t.Fatalf("in pieces of %d: %d bytes of %d, %v", piece, len(got), len(lied), err)
		}
		if _, again := g.Read(make([]byte, 100)); !errors.Is(again, err) {
			t.Errorf("it goes on with %v", again)
		}
	}
}
