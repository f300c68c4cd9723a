package kafka_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka"
)

// A liar stands between a proxy and the embedded broker, and answers in its place what it likes.
type liar struct {
	mu    sync.Mutex // guards lie
	lie   lie
	told  atomic.Int32 // how often it lied
	dials atomic.Int32
}

// An answered is a broker's true answer, and what it is to.
type answered struct {
	key, version int16
	id           []byte // the correlation id
	body         []byte
}

// A lie is what comes in place of an answer, its head included; nil for the truth. After what does not end by itself the connection
// stays open, and silent.
type lie func(a answered) io.Reader

func (l *liar) option() kafka.ProxyOption { return kafka.WithClientOptions(kgo.Dialer(l.dial)) }

// tell makes it lie from now on; nil makes it honest.
func (l *liar) tell(lie lie) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lie = lie
}

func (l *liar) dial(ctx context.Context, kind, addr string) (net.Conn, error) {
	l.dials.Add(1)
	broker, err := new(net.Dialer).DialContext(ctx, kind, addr)
	if err != nil {
		return nil, err
	}
	client, server := net.Pipe()
	c := &conversation{liar: l, broker: broker, client: server, asked: make(map[string][2]int16)}
	go c.forward()
	go c.answer()
	return client, nil
}

// A conversation is one connection.
type conversation struct {
	liar           *liar
	broker, client net.Conn

	mu    sync.Mutex // guards asked
	asked map[string][2]int16
}

func (c *conversation) end() {
	_ = c.broker.Close()
	_ = c.client.Close()
}

// frame reads a message with its length.
func frame(from io.Reader) ([]byte, error) {
	var size [4]byte
	if _, err := io.ReadFull(from, size[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint32(size[:]))
	_, err := io.ReadFull(from, message)
	return message, err
}

// framed is a message with its length before it.
func framed(parts ...[]byte) []byte {
	message := bytes.Join(parts, nil)
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

func (c *conversation) forward() {
	defer c.end()
	for {
		request, err := frame(c.client)
		if err != nil {
			return
		}
		c.mu.Lock()
		c.asked[string(request[4:8])] = [2]int16{int16(binary.BigEndian.Uint16(request)), int16(binary.BigEndian.Uint16(request[2:]))}
		c.mu.Unlock()
		if _, err := c.broker.Write(framed(request)); err != nil {
			return
		}
	}
}

func (c *conversation) answer() {
	defer c.end()
	for {
		message, err := frame(c.broker)
		if err != nil {
			return
		}
		c.mu.Lock()
		what := c.asked[string(message[:4])]
		delete(c.asked, string(message[:4]))
		c.mu.Unlock()
		if _, err := io.Copy(c.client, c.instead(answered{what[0], what[1], message[:4], message[4:]})); err != nil {
			return
		}
	}
}

// instead is what the client gets for an answer.
func (c *conversation) instead(a answered) io.Reader {
	c.liar.mu.Lock()
	lie := c.liar.lie
	c.liar.mu.Unlock()
	if lie != nil {
		if instead := lie(a); instead != nil {
			c.liar.told.Add(1)
			return instead
		}
	}
	return bytes.NewReader(framed(a.id, a.body))
}

// silence is what is said after a lie that promises more: the connection stays open until somebody closes it.
type silence struct{ closed <-chan struct{} }

func (s silence) Read([]byte) (int, error) {
	<-s.closed
	return 0, io.EOF
}

// A drip gives a byte at a time, and takes its time for it.
type drip struct {
	from   io.Reader
	closed <-chan struct{}
}

func (d drip) Read(p []byte) (int, error) {
	select {
	case <-d.closed:
		return 0, io.EOF
	case <-time.After(50 * time.Millisecond):
		return d.from.Read(p[:min(1, len(p))])
	}
}

// zeros are as many zero bytes as somebody reads.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

// The keys of the requests that are lied about.
const (
	produceRequest         = 0
	fetchRequest           = 1
	listOffsetsRequest     = 2
	metadataRequest        = 3
	offsetFetchRequest     = 9
	findCoordinatorRequest = 10
	joinRequest            = 11
	syncRequest            = 14
	apiVersionsRequest     = 18
	initProducerIDRequest  = 22
)

// about lies in place of the answers to one request.
func about(key int16, l lie) lie {
	return func(a answered) io.Reader {
		if a.key != key {
			return nil
		}
		return l(a)
	}
}

// sized is an answer of a length that is a lie, and of what then comes.
func sized(length int32, then ...io.Reader) lie {
	return func(a answered) io.Reader {
		head := append(binary.BigEndian.AppendUint32(nil, uint32(length)), a.id...)
		return io.MultiReader(append([]io.Reader{bytes.NewReader(head)}, then...)...)
	}
}

// body is an answer with another body, behind a flexible head where there is one.
func body(make func(a answered) []byte) lie {
	return func(a answered) io.Reader { return bytes.NewReader(framed(a.id, make(a))) }
}

// altered is an answer to which something is done.
func altered[R kmsg.Response](t *testing.T, key int16, alter func(R)) lie {
	return about(key, func(a answered) io.Reader {
		answer := kmsg.ResponseForKey(key)
		answer.SetVersion(a.version)
		skip := 0
		if answer.IsFlexible() && key != apiVersionsRequest {
			skip = 1 // the number of the head's tags, 0
		}
		if err := answer.ReadFrom(a.body[skip:]); err != nil {
			t.Errorf("the true answer can't be read: %v", err)
			return nil
		}
		alter(answer.(R))
		return bytes.NewReader(framed(a.id, answer.AppendTo(a.body[:skip:skip])))
	})
}
