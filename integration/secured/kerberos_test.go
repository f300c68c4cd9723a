package secured_test

import (
	"context"
	"strings"
	"testing"
	"time"

	gokrb5 "github.com/jcmturner/gokrb5/v8/client"
	krb5 "github.com/jcmturner/gokrb5/v8/config"
	"github.com/jcmturner/gokrb5/v8/keytab"
	"github.com/twmb/franz-go/pkg/sasl/kerberos"

	"github.com/typedkafka/kafka"
	"github.com/typedkafka/kafka/integration/cluster"
	"github.com/typedkafka/kafka/integration/kdc"
)

// Kerberos leads in too, by franz-go's module, which only who imports it pays for.
func TestSecureKerberos(t *testing.T) {
	realm := kdc.ForTest(t)
	const service = "kafka/localhost"
	c := cluster.ForTest(t, cluster.Options{Kerberos: &cluster.Kerberos{
		Config: realm.Config(), Keytab: realm.Keytab(t, service), Principal: service + "@" + kdc.Name,
	}})
	mine := realm.Keytab(t, "alice")
	t.Run("send and receive", func(t *testing.T) {
		sendAndReceive(t, c, "tickets", entrance{listener: cluster.ByKerberos, opts: []kafka.ProxyOption{ticket(t, realm.Config(), mine, "alice", "kafka")}})
	})
	t.Run("explain", func(t *testing.T) { testKerberosExplained(t, c, realm, mine) })
}

// ticket is a login by the key of a principal's file.
func ticket(t *testing.T, config, file, principal, service string) kafka.ProxyOption {
	t.Helper()
	realm, err := krb5.Load(config)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keytab.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	login := gokrb5.NewWithKeytab(principal, kdc.Name, keys, realm, gokrb5.DisablePAFXFAST(true))
	return kafka.WithSASL(kerberos.Auth{Client: login, Service: service}.AsMechanismWithClose())
}

func testKerberosExplained(t *testing.T, c *cluster.Cluster, realm *kdc.Realm, mine string) {
	nobody := closedPort(t)
	away := file(t, "krb5.conf", strings.ReplaceAll(read(t, realm.Config()), realm.Address(), nobody))
	for name, e := range map[string]struct {
		login kafka.ProxyOption
		want  string
	}{
		"an unknown principal":  {ticket(t, realm.Config(), mine, "mallory", "kafka"), "KDC_ERR_C_PRINCIPAL_UNKNOWN"},
		"an unknown service":    {ticket(t, realm.Config(), mine, "alice", "kafak"), "KDC_ERR_S_PRINCIPAL_UNKNOWN"},
		"a center that is away": {ticket(t, away, mine, "alice", "kafka"), nobody},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			err := entrance{listener: cluster.ByKerberos, opts: []kafka.ProxyOption{e.login}}.proxy(t, c).Ping(ctx)
			if err == nil || !strings.Contains(err.Error(), e.want) || !strings.Contains(err.Error(), "GSSAPI") || ctx.Err() != nil {
				t.Errorf("want %q: %v", e.want, err)
			}
			t.Log(err)
		})
	}
}
