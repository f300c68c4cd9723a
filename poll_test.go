package kafka_test

import (
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A topic that may not be read is asked for less and less often, though the broker answers each time at once.
func TestADeniedTopicIsNoHotLoop(t *testing.T) {
	t.Parallel()
	c := newEmbedded(t, injects)
	topic := c.topic(t, 1)
	asked := make(chan time.Time, 1000)
	c.fake.ControlKey(kmsg.Fetch.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) {
		c.fake.KeepControl()
		select {
		case asked <- time.Now():
		default:
		}
		return denyFetch(req.(*kmsg.FetchRequest)), nil, true
	})
	consumer := newConsumer(t, c.proxy(t), topic)
	wantError(t, retrieveError(t, consumer), kerr.TopicAuthorizationFailed, topic)
	first, sixth := <-asked, time.Time{}
	for range 5 {
		sixth = <-asked
	}
	// It rests for 100, 200, 400 ms and so on between polls, and franz-go fetches one ahead. A slow machine only asks later.
	if took := sixth.Sub(first); took < 700*time.Millisecond {
		t.Errorf("six requests in %s", took)
	}
}

func denyFetch(req *kmsg.FetchRequest) kmsg.Response {
	resp := req.ResponseKind().(*kmsg.FetchResponse)
	for _, rt := range req.Topics {
		topic := kmsg.NewFetchResponseTopic()
		topic.Topic, topic.TopicID = rt.Topic, rt.TopicID
		for _, rp := range rt.Partitions {
			part := kmsg.NewFetchResponseTopicPartition()
			part.Partition, part.ErrorCode = rp.Partition, kerr.TopicAuthorizationFailed.Code
			topic.Partitions = append(topic.Partitions, part)
		}
		resp.Topics = append(resp.Topics, topic)
	}
	return resp
}
