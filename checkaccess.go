package kafka

import "strings"

// checkTLS finds what contradicts itself, and what the files and texts of certificates lack.
func (k *checker) checkTLS(c TLSConfig) {
	k.notBoth("tls.ca", c.CA != "", "tls.ca_file", c.CAFile != "")
	k.notBoth("tls.cert", c.Cert != "", "tls.cert_file", c.CertFile != "")
	k.notBoth("tls.key", !c.Key.IsZero(), "tls.key_file", c.KeyFile != "")
	switch cert, key := c.CertFile != "" || c.Cert != "", c.KeyFile != "" || !c.Key.IsZero(); {
	case cert && !key:
		k.fault("tls.key_file", "is missing: %s needs the certificate's private key; write tls.key_file, or remove %[1]s", c.certKey())
	case key && !cert:
		k.fault("tls.cert_file", "is missing: %s needs the key's certificate; write tls.cert_file, or remove %[1]s", c.keyKey())
	}
	const off = "has no effect without TLS: write tls.enabled: true, or remove it"
	if c.ServerName != "" && !c.Enabled {
		k.fault("tls.server_name", off)
	}
	switch {
	case !c.InsecureSkipVerify:
	case !c.Enabled:
		k.fault("tls.insecure_skip_verify", off)
	case c.CAFile != "" || c.CA != "":
		k.fault("tls.insecure_skip_verify", "contradicts %s, which says whose certificates to take: remove one of the two", c.caKey())
	}
	_, faults := c.read()
	for _, f := range faults {
		k.fault(f.key, "%w", f.err)
	}
}

// notBoth adds a fault where two settings for one thing are given.
func (k *checker) notBoth(key string, given bool, other string, otherGiven bool) {
	if given && otherGiven {
		k.fault(key, "and %s are both given: remove one", other)
	}
}

// checkSASL finds what a mechanism lacks and what it can't use.
func (k *checker) checkSASL(c SASLConfig, secured bool) {
	k.notBoth("sasl.password", !c.Password.IsZero(), "sasl.password_file", c.PasswordFile != "")
	k.notBoth("sasl.token", !c.Token.IsZero(), "sasl.token_file", c.TokenFile != "")
	switch c.Mechanism {
	case "":
		k.checkNoSASL(c)
	case saslOAuth:
		k.checkToken(c)
	case saslPlain, saslScram256, saslScram512:
		k.checkPassword(c)
		k.useless(c.tokenKey(), c.hasToken(), c.Mechanism+" has no token")
	case saslAWS:
		k.checkPassword(c)
		if !secured {
			k.fault("tls.enabled", "is false: sasl.mechanism %s needs TLS; write true", saslAWS)
		}
	}
	k.checkSecretFile("sasl.password_file", c.PasswordFile)
	k.checkSecretFile("sasl.token_file", c.TokenFile)
}

func (k *checker) checkNoSASL(c SASLConfig) {
	if c.User != "" || c.hasPassword() || c.hasToken() {
		k.fault("sasl.mechanism", "is missing: a user, a password or a token has no effect without it; write one of %s, or remove them",
			strings.Join(saslMechanisms, ", "))
	}
}

func (k *checker) checkPassword(c SASLConfig) {
	if c.User == "" {
		k.fault("sasl.user", "is missing: sasl.mechanism needs one; write it, or set %s", variable("sasl.user"))
	}
	if !c.hasPassword() {
		k.fault("sasl.password", "is missing: sasl.mechanism needs one; set %s, or name its file in sasl.password_file",
			variable("sasl.password"))
	}
}

func (k *checker) checkToken(c SASLConfig) {
	if !c.hasToken() {
		k.fault("sasl.token", "is missing: sasl.mechanism %s needs one; set %s, name its file in sasl.token_file, or leave sasl out and"+
			" give a function by WithSASL in code", saslOAuth, variable("sasl.token"))
	}
	const why = saslOAuth + " takes a token, which says who the application is"
	k.useless("sasl.user", c.User != "", why)
	k.useless(c.passwordKey(), c.hasPassword(), why)
}

// useless adds the fault of a setting that the mechanism does not look at.
func (k *checker) useless(key string, given bool, why string) {
	if given {
		k.fault(key, "has no effect: %s; remove it, or correct sasl.mechanism", why)
	}
}

func (k *checker) checkSecretFile(key, file string) {
	if file == "" {
		return
	}
	if _, err := readSecret(file); err != nil {
		k.fault(key, "%w", err)
	}
}
