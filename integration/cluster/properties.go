package cluster

import (
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"
)

// A node is one broker, as its server.properties sees the world.
type node struct {
	id      int
	plan    *plan
	dataDir string // where the broker keeps its log
	certDir string // where the broker finds the key stores
	bind    string // the address that its listeners open on
}

// properties is the text of server.properties.
func (n node) properties() string {
	p := n.base()
	maps.Copy(p, n.replication())
	if !n.plan.opts.StockTimers {
		maps.Copy(p, fastTimers())
	}
	if n.plan.opts.Secure {
		maps.Copy(p, n.security())
	}
	maps.Copy(p, n.plan.opts.Kerberos.properties(n.certDir))
	maps.Copy(p, n.plan.opts.Props)
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(p)) {
		fmt.Fprintf(&b, "%s=%s\n", k, escape.Replace(p[k]))
	}
	return b.String()
}

// escape is what a value needs in a Java properties file.
var escape = strings.NewReplacer(`\`, `\\`, "\n", `\n`)

// base has the listeners, and sizes for a broker that shares its machine with the tests.
func (n node) base() map[string]string {
	var listeners, advertised, security, voters []string
	for _, p := range protocols(n.plan.opts) {
		port := n.plan.port(n.id, p.listener)
		listeners = append(listeners, fmt.Sprintf("%s://%s:%d", p.listener, n.bind, port))
		security = append(security, fmt.Sprintf("%s:%s", p.listener, p.security))
		if p.listener != controller {
			host := "localhost"
			if p.listener == internal {
				host = n.plan.host(n.id)
			}
			host, port = p.listener.advertised(host, port)
			advertised = append(advertised, fmt.Sprintf("%s://%s:%d", p.listener, host, port))
		}
	}
	for id := 1; id <= n.plan.opts.Brokers; id++ {
		voters = append(voters, fmt.Sprintf("%d@%s:%d", id, n.plan.host(id), n.plan.port(id, controller)))
	}
	return map[string]string{
		"process.roles":                    "broker,controller",
		"node.id":                          fmt.Sprint(n.id),
		"broker.rack":                      fmt.Sprintf("rack%d", n.id),
		"controller.quorum.voters":         strings.Join(voters, ","),
		"controller.listener.names":        string(controller),
		"inter.broker.listener.name":       string(internal),
		"listeners":                        strings.Join(listeners, ","),
		"advertised.listeners":             strings.Join(advertised, ","),
		"listener.security.protocol.map":   strings.Join(security, ","),
		"log.dirs":                         n.dataDir,
		"auto.create.topics.enable":        "false",
		"group.initial.rebalance.delay.ms": "0",
		"log.cleaner.dedupe.buffer.size":   "4194304",
		"num.network.threads":              "2",
		"num.io.threads":                   "2",
		"background.threads":               "2",
	}
}

// replication spreads everything over three brokers, of which one may be down, where there are three.
func (n node) replication() map[string]string {
	replicas := fmt.Sprint(n.plan.opts.Brokers)
	minISR := fmt.Sprint(n.plan.opts.Brokers/2 + n.plan.opts.Brokers%2)
	return map[string]string{
		"default.replication.factor":                       replicas,
		"min.insync.replicas":                              minISR,
		"offsets.topic.replication.factor":                 replicas,
		"offsets.topic.num.partitions":                     "3",
		"transaction.state.log.replication.factor":         replicas,
		"transaction.state.log.min.isr":                    minISR,
		"transaction.state.log.num.partitions":             "3",
		"share.coordinator.state.topic.replication.factor": replicas,
		"share.coordinator.state.topic.min.isr":            minISR,
		"share.coordinator.state.topic.num.partitions":     "3",
	}
}

// fastTimers shorten what tests would wait for: stock, a KIP-848 or share member waits one heartbeat of 5 s for its assignment, and
// a dead one is missed after 45 s.
func fastTimers() map[string]string {
	p := map[string]string{"group.min.session.timeout.ms": "1000"}
	for _, kind := range []string{"consumer", "share"} {
		p["group."+kind+".assignment.interval.ms"] = "0"
		p["group."+kind+".min.heartbeat.interval.ms"] = "100"
		p["group."+kind+".heartbeat.interval.ms"] = "200"
		p["group."+kind+".min.session.timeout.ms"] = "1000"
		p["group."+kind+".session.timeout.ms"] = "6000"
	}
	return p
}

// security has the key stores, the mechanisms and the authorizer of the secured listeners.
func (n node) security() map[string]string {
	p := map[string]string{
		"ssl.truststore.type":     "PEM",
		"ssl.truststore.location": path.Join(n.certDir, storeCA),
		"authorizer.class.name":   "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
		// ANONYMOUS is who comes by a listener without authentication, the brokers among themselves too.
		"super.users": "User:admin;User:ANONYMOUS",
	}
	keyStore := func(prefix, store string) {
		p[prefix+"ssl.keystore.type"] = "PEM"
		p[prefix+"ssl.keystore.location"] = path.Join(n.certDir, store)
	}
	keyStore("", storeServer)
	keyStore("listener.name.wronghost.", storeWrongHost)
	keyStore("listener.name.expired.", storeExpired)
	p["listener.name.mtls.ssl.client.auth"] = "required"
	maps.Copy(p, n.mechanisms())
	return p
}

func (n node) mechanisms() map[string]string {
	const (
		logins  = "org.apache.kafka.common.security."
		scram   = logins + "scram.ScramLoginModule required;"
		sasl    = "listener.name.sasltls."
		jaas    = ".sasl.jaas.config"
		enabled = "sasl.enabled.mechanisms"
	)
	plain := logins + "plain.PlainLoginModule required"
	for _, u := range users {
		plain += fmt.Sprintf(` user_%s="%s"`, u, n.plan.passwords[u])
	}
	plain += ";"
	return map[string]string{
		"listener.name.saslplain." + enabled:   "PLAIN",
		"listener.name.saslplain.plain" + jaas: plain,
		sasl + enabled:                         "PLAIN,SCRAM-SHA-256,SCRAM-SHA-512,OAUTHBEARER",
		sasl + "plain" + jaas:                  plain,
		sasl + "scram-sha-256" + jaas:          scram,
		sasl + "scram-sha-512" + jaas:          scram,
		// Unsigned tokens (RFC 7519, section 6). The claim is for a login of the broker's own, which never happens.
		sasl + "oauthbearer" + jaas: logins + `oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="admin";`,
		sasl + "oauthbearer.sasl.server.callback.handler.class": logins +
			"oauthbearer.internals.unsecured.OAuthBearerUnsecuredValidatorCallbackHandler",
	}
}
