package cluster

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
)

// Version is the Apache Kafka that this package starts.
const Version = "4.3.1"

// ErrUnavailable is returned by Start when this machine lacks what the runtime needs. Its text names what is missing and how to
// get it. ForTest skips the test then.
var ErrUnavailable = errors.New("no Kafka can be started here")

// A Runtime is a way to run brokers.
type Runtime string

const (
	// Auto is what KAFKA_TEST_RUNTIME says, else Container where it is available, else Processes.
	Auto Runtime = ""
	// Container runs each broker in a container of its own.
	Container Runtime = "container"
	// Processes runs each broker as a JVM process of this machine.
	Processes Runtime = "processes"
)

// Options say what to start. The zero value is one plain broker.
type Options struct {
	// Brokers is how many there are, each of them controller too: 1 or 3. Defaults to 1.
	Brokers int
	// Secure adds the listeners from MTLS on, the users of [Cluster.Password] and an authorizer, under which admin and whoever
	// comes unauthenticated may do everything, and bob and alice nothing until an ACL allows it.
	Secure bool
	// Kerberos adds the listener ByKerberos.
	Kerberos *Kerberos
	// Props are broker properties of server.properties, set last.
	Props map[string]string
	// StockTimers keeps Kafka's own timers for KIP-848 and share groups, under which a member waits 5 s for its assignment.
	// Defaults to timers 10 to 25 times as fast.
	StockTimers bool
	// Runtime is how to run the brokers. Defaults to Auto.
	Runtime Runtime
	// Log is told each step that takes time, a line each. Nil: nobody.
	Log io.Writer
}

func (o Options) withDefaults() (Options, error) {
	o.Brokers = cmp.Or(o.Brokers, 1)
	if o.Log == nil {
		o.Log = io.Discard
	}
	if o.Runtime == Auto {
		o.Runtime = wanted()
	}
	switch o.Runtime {
	case Auto, Container, Processes:
	default:
		return o, fmt.Errorf("runtime %q does not exist: say %q, %q or nothing", o.Runtime, Container, Processes)
	}
	if o.Brokers != 1 && o.Brokers != 3 {
		return o, fmt.Errorf("%d brokers: a cluster here has 1 or 3", o.Brokers)
	}
	return o, nil
}

// wanted is what the environment says.
func wanted() Runtime { return Runtime(os.Getenv("KAFKA_TEST_RUNTIME")) }

// required says whether the environment forbids to skip a test for want of runtime r.
func required(r Runtime) bool { return wanted() != Auto && (r == Auto || r == wanted()) }
