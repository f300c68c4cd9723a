package schematest_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// user is a test package of somebody who uses the helpers. Flag stands where it may define a flag -update of its own.
const user = `package user

import (
	"flag"
	"os"
	"testing"

	"github.com/typedkafka/kafka/schema"
	"github.com/typedkafka/kafka/schema/schematest"
)

var _ = flag.CommandLine
FLAG

func TestContract(t *testing.T) {
	text, err := os.ReadFile("current.json")
	if err != nil {
		t.Fatal(err)
	}
	s := schema.MustCompile(text)
	schematest.Evolves(t, "versions", schema.Backward, s)
	schematest.Golden(t, s, "golden")
}
`

// TestUpdate runs go test -update in packages with and without a flag of that name.
func TestUpdate(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("builds test binaries")
	}
	for name, own := range map[string]string{
		"no flag of its own": "",
		"a flag of its own":  `var update = flag.Bool("update", false, "the user's own")`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			u := newUser(t, own)
			u.current(v1)
			u.fails("holds no version yet", "m.json has no verdict")
			u.passes("-update", "wrote versions/v1.json", "wrote golden/m.verdict")
			u.holds("versions/v1.json", v1+"\n")
			u.holds("golden/m.verdict", "valid\n")
			u.current(v2)
			u.passes("-update", "wrote versions/v2.json")
			u.holds("versions/v1.json", v1+"\n")
			u.holds("versions/v2.json", v2+"\n")
			u.current(v1)
			u.failsWith("-update", "no backward compatible next version")
			if _, err := os.Stat(filepath.Join(u.dir, "versions/v3.json")); err == nil {
				t.Error("an incompatible version was written")
			}
		})
	}
}

type userPackage struct {
	*testing.T
	dir string
}

// newUser makes the package inside this module, so that it finds it.
func newUser(t *testing.T, own string) *userPackage {
	t.Helper()
	if err := os.MkdirAll("testdata", 0o755); err != nil { // so named that ./... leaves it out
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("testdata", "user") //nolint:usetesting // t.TempDir is outside of the module
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, sub := range []string{"versions", "golden"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	write(t, dir, map[string]string{"user_test.go": strings.Replace(user, "FLAG", own, 1)})
	write(t, filepath.Join(dir, "golden"), map[string]string{"m.json": `{"a":1}`})
	return &userPackage{t, dir}
}

func (u *userPackage) current(doc string) { write(u.T, u.dir, map[string]string{"current.json": doc}) }

func (u *userPackage) run(flag string) (string, error) {
	args := []string{"test", "-count=1", "-v", "."}
	if flag != "" {
		args = append(args, flag)
	}
	cmd := exec.Command("go", args...)
	cmd.Dir = u.dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (u *userPackage) passes(flag string, parts ...string) {
	u.Helper()
	out, err := u.run(flag)
	u.check(out, err == nil, parts)
}

func (u *userPackage) fails(parts ...string) { u.Helper(); u.failsWith("", parts...) }

func (u *userPackage) failsWith(flag string, parts ...string) {
	u.Helper()
	out, err := u.run(flag)
	u.check(out, err != nil, parts)
}

func (u *userPackage) check(out string, as bool, parts []string) {
	u.Helper()
	if !as {
		u.Fatalf("go test ended otherwise than it should:\n%s", out)
	}
	for _, part := range parts {
		if !strings.Contains(filepath.ToSlash(out), part) {
			u.Errorf("want %q in the output:\n%s", part, out)
		}
	}
}

func (u *userPackage) holds(name, want string) {
	u.Helper()
	if got := read(u.T, filepath.Join(u.dir, name)); got != want {
		u.Errorf("%s holds %q, want %q", name, got, want)
	}
}
