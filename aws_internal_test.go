package kafka

// It tests from inside, since the first message of a mechanism shows nowhere else but at AWS.

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
	"testing"
)

// signingKey derives the key of AWS Signature Version 4 (docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
func signingKey(secret, date, region, service string) []byte {
	key := []byte("AWS4" + secret)
	for _, part := range []string{date, region, service, "aws4_request"} {
		key = mac(key, part)
	}
	return key
}

func mac(key []byte, text string) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(text))
	return h.Sum(nil)
}

// The derivation is checked against the example in AWS's own documentation.
func TestSigningKey(t *testing.T) {
	t.Parallel()
	got := hex.EncodeToString(signingKey("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam"))
	if want := "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"; got != want {
		t.Errorf("%s, AWS has %s", got, want)
	}
}

// What AWS_MSK_IAM sends is a request for kafka-cluster:Connect that is signed as AWS asks (github.com/aws/aws-msk-iam-auth, "Details
// of the mechanism"): the region is that of the broker's name, and the secret key is nowhere in it.
func TestSignatureOfAWS(t *testing.T) {
	t.Parallel()
	const id, secret, session, host = "AKIAEXAMPLE", "s3cr3t/key+with=signs", "session/token+1", "b-1.orders.abc123.c2.kafka.eu-central-1.amazonaws.com"
	m := SASLConfig{Mechanism: "aws_msk_iam", User: id, Password: NewSecret(secret), Token: NewSecret(session)}.mechanism()
	_, first, err := m.Authenticate(t.Context(), host+":9098")
	if err != nil {
		t.Fatal(err)
	}
	var sent map[string]string
	if err := json.Unmarshal(first, &sent); err != nil {
		t.Fatal(err)
	}
	date := sent["x-amz-date"]
	scope := date[:8] + "/eu-central-1/kafka-cluster/aws4_request"
	for key, want := range map[string]string{
		"version": "2020_10_22", "host": host, "action": "kafka-cluster:Connect", "x-amz-algorithm": "AWS4-HMAC-SHA256",
		"x-amz-credential": id + "/" + scope, "x-amz-signedheaders": "host", "x-amz-security-token": session,
	} {
		if sent[key] != want {
			t.Errorf("%s is %q, want %q", key, sent[key], want)
		}
	}
	query := url.Values{"Action": {"kafka-cluster:Connect"}, "X-Amz-Algorithm": {"AWS4-HMAC-SHA256"}, "X-Amz-Credential": {id + "/" + scope},
		"X-Amz-Date": {date}, "X-Amz-Expires": {sent["x-amz-expires"]}, "X-Amz-SignedHeaders": {"host"}, "X-Amz-Security-Token": {session}}
	request := sha256.Sum256([]byte("GET\n/\n" + strings.ReplaceAll(query.Encode(), "+", "%20") + "\nhost:" + host + "\n\nhost\n" +
		hex.EncodeToString(sum(""))))
	toSign := "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + hex.EncodeToString(request[:])
	want := hex.EncodeToString(mac(signingKey(secret, date[:8], "eu-central-1", "kafka-cluster"), toSign))
	if sent["x-amz-signature"] != want {
		t.Errorf("the signature is %s, by AWS's rules %s", sent["x-amz-signature"], want)
	}
	if strings.Contains(string(first), "s3cr3t") {
		t.Error("the secret key is sent")
	}
}

func sum(text string) []byte {
	s := sha256.Sum256([]byte(text))
	return s[:]
}
