package schematest

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/typedkafka/kafka/internal/versions"
	"github.com/typedkafka/kafka/schema"
)

// Evolves fails t unless the schema has only changed as mode allows. The folder dir holds every published version, one file each, numbered
// from 1: v1.json, v2.json, or order.1.json and so on; a gap, two files of one number and a version that does not compile are
// failures that name the file. The newest version is checked against those before it, and current must equal it or be a
// compatible next one. With -update a compatible current schema that differs is written as a new file; a file that is there is
// never written to, and an incompatible schema is never written.
func Evolves(t testing.TB, dir string, mode schema.Mode, current *schema.Schema, opts ...schema.CompatibleOption) {
	t.Helper()
	if !strict(t, "Evolves", current) {
		return
	}
	files, err := versions.Read(dir)
	if err != nil {
		t.Errorf("schematest.Evolves: the folder %s does not hold one file for each version:\n%v", dir, err)
		return
	}
	published, err := compile(files)
	if err != nil {
		t.Errorf("schematest.Evolves: a published version does not compile:\n%v", err)
		return
	}
	if len(files) == 0 {
		first(t, dir, current)
		return
	}
	newest := files[len(files)-1]
	opts = append([]schema.CompatibleOption{schema.VersionNames(names(files)...)}, opts...)
	if err := schema.Compatible(mode, published, opts...).Err(); err != nil {
		t.Errorf("schematest.Evolves: %s breaks %s compatibility with those before it; what is published can't be taken back, so correct it by a next version or allow less in mode\n%v",
			version(newest.Number, newest.Path), mode, err)
	}
	if same([]byte(current.String()), newest.Text) {
		return
	}
	if err := schema.Compatible(mode, append(published, current), opts...).Err(); err != nil {
		t.Errorf("schematest.Evolves: the current schema is no %s compatible next version after %s\n%v\nIf the break is meant, publish under a new topic with a folder of its own",
			mode, version(newest.Number, newest.Path), err)
		return
	}
	publish(t, versions.Next(dir, files), current)
}

// names calls the versions by their files.
func names(files []versions.File) []string {
	var out []string
	for _, f := range files {
		out = append(out, filepath.Base(f.Path))
	}
	return out
}

func compile(files []versions.File) ([]*schema.Schema, error) {
	var out []*schema.Schema
	var faults []error
	for _, f := range files {
		s, err := schema.Compile(f.Text, schema.Strict(), schema.Named(f.Path))
		out, faults = append(out, s), append(faults, err)
	}
	return out, errors.Join(faults...)
}

// first handles a folder without versions.
func first(t testing.TB, dir string, current *schema.Schema) {
	t.Helper()
	if !updating() {
		t.Errorf("schematest.Evolves: the folder %s holds no version yet; run go test -update to write the current schema as version 1", dir)
		return
	}
	publish(t, versions.Next(dir, nil), current)
}

// publish writes the current schema under -update, or says how.
func publish(t testing.TB, path string, current *schema.Schema) {
	t.Helper()
	if !updating() {
		t.Logf("schematest.Evolves: the current schema is a compatible next version; run go test -update to write it to %s", path)
		return
	}
	err := versions.Write(path, []byte(current.String()))
	switch {
	case errors.Is(err, os.ErrExist):
		t.Errorf("schematest.Evolves: %s was written by somebody else meanwhile, and is left alone: run the test again", path)
	case err != nil:
		t.Errorf("schematest.Evolves: the new version can't be written: %v", err)
	default:
		t.Logf("schematest.Evolves: wrote %s; commit it with the change", path)
	}
}

// same says whether two texts are the same JSON: order and spaces do not count, the digits of numbers do.
func same(a, b []byte) bool {
	x, okX := decoded(a)
	y, okY := decoded(b)
	return okX && okY && reflect.DeepEqual(x, y)
}

func decoded(text []byte) (any, bool) {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	return v, dec.Decode(&v) == nil
}
