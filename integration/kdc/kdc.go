// Package kdc starts a Kerberos key distribution center for tests: MIT's, of Debian's packages krb5-kdc and krb5-admin-server.
package kdc

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"text/template"

	"github.com/typedkafka/kafka/integration/cluster"
)

// A Realm has a key distribution center of its own, which ends with the test, or when this program dies.
type Realm struct {
	dir, address string
}

// Name is the realm's.
const Name = "TYPEDKAFKA.TEST"

var configs = template.Must(template.New("").Parse(`
{{define "krb5.conf"}}[libdefaults]
 default_realm = {{.Name}}
 dns_lookup_kdc = false
 dns_lookup_realm = false
 udp_preference_limit = 1
[realms]
 {{.Name}} = {
  kdc = {{.Address}}
 }
{{end}}
{{define "kdc.conf"}}[kdcdefaults]
 kdc_listen = ""
 kdc_tcp_listen = {{.Address}}
[realms]
 {{.Name}} = {
  database_name = {{.Dir}}/principal
  key_stash_file = {{.Dir}}/stash
 }
[logging]
 kdc = FILE:{{.Dir}}/kdc.log
{{end}}`))

// ForTest starts a realm. Where it can't be started it skips the test and says why, or fails it where KAFKA_TEST_RUNTIME forbids to skip.
func ForTest(tb testing.TB) *Realm {
	tb.Helper()
	for _, program := range []string{"krb5kdc", "kdb5_util", "kadmin.local"} {
		if _, err := exec.LookPath(program); err == nil {
			continue
		}
		if os.Getenv("KAFKA_TEST_RUNTIME") != "" {
			tb.Fatalf("%s is not installed (on Debian: apt-get install krb5-kdc krb5-admin-server)", program)
		}
		tb.Skipf("SKIPPED for want of Kerberos: %s is not installed (on Debian: apt-get install krb5-kdc krb5-admin-server)", program)
	}
	r, err := start(tb.Context(), tb.TempDir())
	for tries := 1; err != nil && tries < 3; tries++ { // another program can take the port between the choice and the start
		r, err = start(tb.Context(), tb.TempDir())
	}
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func start(ctx context.Context, dir string) (*Realm, error) {
	ports, err := cluster.FreePorts(1)
	if err != nil {
		return nil, err
	}
	address := fmt.Sprintf("127.0.0.1:%d", ports[0])
	r := &Realm{dir: dir, address: address}
	for _, name := range []string{"krb5.conf", "kdc.conf"} {
		var text strings.Builder
		if err := configs.ExecuteTemplate(&text, name, map[string]string{"Name": Name, "Address": address, "Dir": dir}); err != nil {
			return nil, err
		}
		if err := os.WriteFile(r.path(name), []byte(text.String()), 0o644); err != nil {
			return nil, err
		}
	}
	if err := r.run(ctx, "kdb5_util", "create", "-s", "-r", Name, "-P", "of a test"); err != nil {
		return nil, err
	}
	return r, r.serve(ctx)
}

// serve returns when the center answers. A shell ends it when its standard input does: with ctx, or this program.
func (r *Realm) serve(ctx context.Context) error {
	in, keep, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	cmd := r.command(context.WithoutCancel(ctx), "sh", "-c", `krb5kdc -n & pid=$!; read -r _; kill "$pid"; wait`)
	cmd.Stdin = in
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	cmd.Stderr = cmd.Stdout
	if err := cmd.Start(); err != nil {
		return err
	}
	context.AfterFunc(ctx, func() {
		keep.Close()
		_, _ = io.Copy(io.Discard, out)
		_ = cmd.Wait() // how it ended nobody asks
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if !strings.Contains(line, "starting") {
		return fmt.Errorf("krb5kdc: %q: %w", line, errors.Join(err, errors.New("it did not start")))
	}
	return nil
}

func (r *Realm) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "KRB5_CONFIG="+r.Config(), "KRB5_KDC_PROFILE="+r.path("kdc.conf"))
	return cmd
}

func (r *Realm) run(ctx context.Context, name string, args ...string) error {
	if out, err := r.command(ctx, name, args...).CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

func (r *Realm) path(name string) string { return filepath.Join(r.dir, name) }

// Config is the file krb5.conf, for clients and servers.
func (r *Realm) Config() string { return r.path("krb5.conf") }

// Address is where the center listens.
func (r *Realm) Address() string { return r.address }

// Keytab makes a principal of the realm with a key by chance, and returns the file that has it. A second one of the same principal makes
// the first one void.
func (r *Realm) Keytab(tb testing.TB, principal string) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "keytab")
	for _, query := range []string{"addprinc -randkey " + principal, "ktadd -k " + file + " " + principal} {
		if err := r.run(tb.Context(), "kadmin.local", "-r", Name, "-q", query); err != nil {
			tb.Fatal(err)
		}
	}
	return file
}
