package cluster

import (
	"fmt"
	"path"
)

// Kerberos is what a listener of that name stands on. Brokers accept tickets and ask for none, so they need no key distribution center.
type Kerberos struct {
	Config    string // the file krb5.conf
	Keytab    string // the file that has the key of Principal
	Principal string // of all brokers: kafka/localhost@REALM
}

// Where the files lie beside the key stores.
const (
	krb5Config = "krb5.conf"
	krb5Keytab = "kafka.keytab"
)

// files are those that a broker needs, by their names there.
func (k *Kerberos) files() map[string]string {
	if k == nil {
		return nil
	}
	return map[string]string{krb5Config: k.Config, krb5Keytab: k.Keytab}
}

// properties are a broker's that finds the files in dir.
func (k *Kerberos) properties(dir string) map[string]string {
	if k == nil {
		return nil
	}
	return map[string]string{
		"sasl.kerberos.service.name":                     "kafka",
		"listener.name.kerberos.sasl.enabled.mechanisms": "GSSAPI",
		"listener.name.kerberos.gssapi.sasl.jaas.config": fmt.Sprintf("com.sun.security.auth.module.Krb5LoginModule required"+
			" useKeyTab=true storeKey=true isInitiator=false keyTab=%q principal=%q;", path.Join(dir, krb5Keytab), k.Principal),
	}
}

// jvm are the flags of a broker that finds the files in dir.
func (k *Kerberos) jvm(dir string) []string {
	if k == nil {
		return nil
	}
	return []string{"-Djava.security.krb5.conf=" + path.Join(dir, krb5Config)}
}
