package kafka

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/twmb/franz-go/pkg/kerr"
)

// An AccessError is a permission that the cluster's authorizer does not give. It is returned, wrapped, by the call that needs the
// permission; the broker's own code is in it, such as kerr.TopicAuthorizationFailed. Waiting does not heal it, so it is not Temporary,
// but the same call succeeds once the permission is given.
type AccessError struct {
	Operation string // in Kafka's words, such as Read, Write, Create
	Resource  string // topic, group or cluster
	Name      string // of the topic or group
	Principal string // whom the broker takes the application for, such as User:billing; empty where that is not known
	Allow     string // the command that gives the permission
	Err       error  // the broker's answer

	unseen bool // a topic that perhaps is not there at all
}

func (e *AccessError) Error() string {
	who := e.Principal
	if who == "" {
		who = "this principal"
	}
	what := e.Resource
	if e.Name != "" {
		what += fmt.Sprintf(" %q", e.Name)
	}
	text := fmt.Sprintf("%s is not allowed the operation %s on %s: %s", who, e.Operation, what, inSentence(e.Err))
	if e.unseen {
		text += "; or the topic does not exist, which brokers tell only to who may describe it"
	}
	return text + "; to allow it: " + e.Allow
}

func (e *AccessError) Unwrap() error { return e.Err }

// A need is what a call wants to do with which topic and group.
type need struct {
	operation string // with the topic
	topic     string
	group     string
	seen      bool // the topic surely exists
}

// forbidden says who lacks which permission, and how it is given; err itself where that is not what is wrong.
func (a *access) forbidden(err error, n need) error {
	var already *AccessError
	err = a.redact(err)
	switch {
	case errors.As(err, &already):
		return err
	case errors.Is(err, kerr.TopicAuthorizationFailed):
		denied := a.denied(err, n.operation, "topic", n.topic)
		denied.unseen = !n.seen
		return denied
	case errors.Is(err, kerr.GroupAuthorizationFailed):
		return a.denied(err, "Read", "group", n.group)
	case errors.Is(err, kerr.ClusterAuthorizationFailed) && n.operation == "Write":
		// What an idempotent producer begins with needs IdempotentWrite on the cluster, or since Kafka 3.0 Write on any topic (KIP-679).
		return a.denied(err, n.operation, "topic", n.topic)
	case errors.Is(err, kerr.ClusterAuthorizationFailed):
		return a.denied(err, n.operation, "cluster", "")
	}
	return err
}

// explainRefusal adds to a broker's refusal of a record the command that would change it.
func (a *access) explainRefusal(err error, topic string, size int) error {
	if tooLarge(err) {
		return fmt.Errorf("%w; the topic's limit: %s", err, a.configLine(topic, fmt.Sprintf("max.message.bytes=%d", size+batchRoom)))
	}
	return a.forbidden(err, need{operation: "Write", topic: topic})
}

// configLine is the command that sets a topic's config.
func (a *access) configLine(topic, setting string) string {
	return fmt.Sprintf("%s --alter --entity-type topics --entity-name %s --add-config %s", a.tool("kafka-configs.sh"), topic, quoteWord(setting))
}

func (a *access) denied(err error, operation, resource, name string) *AccessError {
	e := &AccessError{Operation: operation, Resource: resource, Name: name, Principal: a.principal(), Err: err}
	e.Allow = a.aclLine(e)
	return e
}

// aclLine is the command that an operator may copy.
func (a *access) aclLine(e *AccessError) string {
	if a.mechanismName() == saslAWS {
		return fmt.Sprintf("add kafka-cluster:%s to the IAM policy of the role", awsAction[e.Operation])
	}
	principal := e.Principal
	if principal == "" {
		principal = "User:NAME"
	}
	resource := "--cluster"
	if e.Resource != "cluster" {
		resource = "--" + e.Resource + " " + quoteWord(e.Name)
	}
	return a.tool("kafka-acls.sh") + " --add --allow-principal " + quoteWord(principal) + " --operation " + e.Operation + " " + resource
}

// awsAction are IAM's words for ours (docs.aws.amazon.com/service-authorization/latest/reference/list_apachekafkaapisforamazonmskclusters.html).
var awsAction = map[string]string{
	"Read": "ReadData", "Write": "WriteData", "Describe": "DescribeTopic", "Create": "CreateTopic",
	"DescribeConfigs": "DescribeTopicDynamicConfiguration",
}

// tool begins the command line of one of Kafka's tools.
func (a *access) tool(name string) string {
	return name + " --bootstrap-server " + quoteWord(a.cfg.Brokers[0])
}

var plainArgument = regexp.MustCompile(`^[A-Za-z0-9._:/=@%+-]+$`)

// quoteWord makes one word of a shell's line.
func quoteWord(word string) string {
	if plainArgument.MatchString(word) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
