package kafka

import (
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kbin"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/typedkafka/kafka/internal/wire"
)

// The keys of some requests, as hooks and connections have them.
const (
	produceKey       = int16(kmsg.Produce)
	fetchKey         = int16(kmsg.Fetch)
	saslHandshakeKey = int16(kmsg.SASLHandshake)
	apiVersionsKey   = int16(kmsg.ApiVersions)
)

// needed are the requests that producers and consumers can't do without. franz-go tries again for ever, in silence, where it has no
// version of one in common with a broker, but for those of the first answers (v1.22.2: errBrokerTooOld is no fault of a connection).
var needed = []kmsg.Key{
	kmsg.Produce, kmsg.Fetch, kmsg.ListOffsets, kmsg.Metadata, kmsg.OffsetCommit, kmsg.OffsetFetch, kmsg.FindCoordinator,
	kmsg.JoinGroup, kmsg.Heartbeat, kmsg.LeaveGroup, kmsg.SyncGroup, kmsg.InitProducerID,
}

// judgeOffer says what is wrong with the versions that a broker offers, in answer to a request of a version.
func judgeOffer(body []byte, version int16) error {
	resp := kmsg.NewPtrApiVersionsResponse()
	if resp.Version = version; len(body) > 1 && body[1] == byte(kerr.UnsupportedVersion.Code) {
		return nil // with the version to ask for: the client asks again (KIP-511)
	}
	if err := resp.ReadFrom(body); err != nil {
		return wire.NewLie("the answer to ApiVersions ends before it is complete")
	}
	offered := make(map[kmsg.Key]kmsg.ApiVersionsResponseApiKey, len(resp.ApiKeys))
	for _, k := range resp.ApiKeys {
		offered[kmsg.Key(k.ApiKey)] = k
	}
	if _, has := offered[kmsg.Metadata]; !has && resp.ErrorCode == 0 {
		return &strangerError{"it does not offer " + kmsg.Metadata.Name() + ", which every broker does"}
	}
	for _, key := range needed {
		switch k, has := offered[key]; {
		case !has:
		case k.MinVersion < 0, k.MaxVersion < k.MinVersion:
			return wire.NewLie("the answer to ApiVersions offers %s in the versions %d to %d", key.Name(), k.MinVersion, k.MaxVersion)
		case k.MinVersion > kmsg.RequestForKey(key.Int16()).MaxVersion():
			return &strangerError{fmt.Sprintf("it offers %s in the versions %d to %d, all newer than those known here",
				key.Name(), k.MinVersion, k.MaxVersion)}
		}
	}
	return nil
}

// A strangerError is why nothing can be said to what answers: it is kerr.UnsupportedVersion.
type strangerError struct{ text string }

func (e *strangerError) Error() string { return e.text }
func (e *strangerError) Unwrap() error { return kerr.UnsupportedVersion }

// An idleness counts the answers to fetches in a row that brought nothing. A broker waits fetchWait for messages before it sends one; one
// that does not would be asked 8,000 times a second (measured): franz-go asks again at once.
type idleness struct {
	count int
	since time.Time
}

// mostIdle is how many may come in mostIdleTime.
const (
	mostIdle     = 100
	mostIdleTime = time.Second
)

// judge takes in one more answer.
func (i *idleness) judge(messages bool, now time.Time) error {
	if i.count++; messages || i.count == 1 || now.Sub(i.since) > mostIdleTime {
		i.count, i.since = 1, now
	}
	if i.count <= mostIdle {
		return nil
	}
	return wire.NewLie("%d answers to Fetch within %s that bring nothing and do not wait for it", i.count, mostIdleTime)
}

// acknowledged reports whether a produce request gets an answer: one with acks none gets none. What can't be read does.
func acknowledged(request []byte, version int16) bool {
	const flexible, transactional = 9, 3 // versions
	r := kbin.Reader{Src: request[requestHead:]}
	r.UnsafeNullableString() // the client's id
	switch {
	case version >= flexible:
		kmsg.SkipTags(&r)
		r.UnsafeCompactNullableString() // the transaction's id
	case version >= transactional:
		r.UnsafeNullableString()
	}
	return r.Int16() != 0 || !r.Ok()
}
