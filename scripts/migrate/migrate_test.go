package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/scripts/migrate/fixture"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

// today is the clock's time in tests.
var today = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// database is a project's database with the fixtures in it, files of testdata.
func database(t *testing.T, fixtures ...string) (project string, fs *firestore.Client) {
	t.Helper()
	project = emulatortest.UniqueProject(t)
	fs, err := firestore.NewClient(t.Context(), project)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fs.Close() })
	for _, name := range fixtures {
		content, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := fixture.Load(t.Context(), project, content); err != nil {
			t.Fatal(err)
		}
	}
	return project, fs
}

// migrated runs the step over the database: dry, which must write nothing, then for real, then
// again, which must find nothing to do. It returns what the run for real printed.
func migrated(t *testing.T, project string, fs *firestore.Client, s step) string {
	t.Helper()
	before := dumpOf(t, project, fs)
	if said := runStep(t, fs, s, true); strings.Contains(said, " 0 would be migrated") {
		t.Errorf("the dry run finds nothing to do: %s", said)
	}
	if diff := cmp.Diff(before, dumpOf(t, project, fs)); diff != "" {
		t.Errorf("the dry run writes (-before +after):\n%s", diff)
	}
	said := runStep(t, fs, s, false)
	after := dumpOf(t, project, fs)
	if again := runStep(t, fs, s, false); !strings.Contains(again, " 0 migrated, 0 notes, 0 failed") {
		t.Errorf("the second run finds something to do: %s", again)
	}
	if diff := cmp.Diff(after, dumpOf(t, project, fs)); diff != "" {
		t.Errorf("the second run writes (-first +second):\n%s", diff)
	}
	return said
}

func runStep(t *testing.T, fs *firestore.Client, s step, dry bool) string {
	t.Helper()
	var out strings.Builder
	r := runner{fs: fs, now: func() time.Time { return today }, out: &out, dry: dry}
	if err := r.run(t.Context(), s); err != nil {
		t.Fatalf("%v: %s", err, &out)
	}
	return out.String()
}

// dumpOf is all of the database.
func dumpOf(t *testing.T, project string, fs *firestore.Client) string {
	t.Helper()
	all, err := fs.Collections(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, c := range all {
		names = append(names, c.ID)
	}
	dump, err := fixture.Dump(t.Context(), project, names...)
	if err != nil {
		t.Fatal(err)
	}
	return string(dump)
}

// double doubles n once: a step for the frame's tests.
var double = step{
	Name: "double", About: "double n", Collection: "friends",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		schema, err := doc.DataAt("schema")
		return schema == int64(1), err
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		n, ok := doc.Data()["n"].(int64)
		if !ok {
			return errors.New("n is no number")
		}
		if n == 7 {
			tx.Note("a seven")
		}
		return tx.Update(doc.Ref, []firestore.Update{{Path: "n", Value: 2 * n}, {Path: "schema", Value: 2}})
	},
}

// things fills users/{i}/friends/t with the numbers below n.
func things(t *testing.T, fs *firestore.Client, n int) {
	t.Helper()
	writer := fs.BulkWriter(t.Context())
	for i := range n {
		ref := fs.Collection("users").Doc(fmt.Sprintf("%04d", i)).Collection("friends").Doc("t")
		if _, err := writer.Set(ref, map[string]any{"schema": 1, "n": i}); err != nil {
			t.Fatal(err)
		}
	}
	writer.End()
}

func sum(t *testing.T, fs *firestore.Client) (total int64) {
	t.Helper()
	docs, err := fs.CollectionGroup("friends").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range docs {
		n, _ := d.Data()["n"].(int64)
		total += n
	}
	return total
}

func TestRun_everyDocumentOnce(t *testing.T) {
	t.Parallel()
	const n = 2*pageSize + 1
	_, fs := database(t)
	things(t, fs, n)
	whole := int64(n * (n - 1) / 2)

	said := runStep(t, fs, double, true)
	if !strings.Contains(said, "  users/0000/friends/t: update users/0000/friends/t\n") || sum(t, fs) != whole {
		t.Errorf("dry run: sum %d, want %d: %s", sum(t, fs), whole, said)
	}
	said = runStep(t, fs, double, false)
	if want := fmt.Sprintf(
		"  %d documents, %[1]d migrated, 1 notes, 0 failed, up to users/0600/friends/t\n", n,
	); !strings.HasSuffix(said, want) {
		t.Errorf("printed %q, want %q at its end", said, want)
	}
	if !strings.Contains(said, "NOTE users/0007/friends/t: a seven\n") {
		t.Errorf("printed %q, without the note", said)
	}
	if said := runStep(t, fs, double, false); sum(t, fs) != 2*whole || !strings.Contains(said, " 0 migrated, 0 notes") {
		t.Errorf("rerun: sum %d, want %d: %s", sum(t, fs), 2*whole, said)
	}
}

func TestRun_goesOnAfterAFault(t *testing.T) {
	t.Parallel()
	_, fs := database(t)
	things(t, fs, 3)
	bad := fs.Doc("users/0001/friends/t")
	if _, err := bad.Set(t.Context(), map[string]any{"schema": 1, "n": "one"}); err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	r := runner{fs: fs, now: time.Now, out: &out}
	if err := r.run(t.Context(), double); !errors.Is(err, errIncomplete) {
		t.Errorf("error %v", err)
	}
	if got := sum(t, fs); got != 4 || !strings.Contains(out.String(), "FAILED users/0001/friends/t: n is no number") {
		t.Errorf("sum %d: %s", got, &out)
	}
	if _, err := bad.Set(t.Context(), map[string]any{"schema": 1, "n": 1}); err != nil {
		t.Fatal(err)
	}
	runStep(t, fs, double, false)
	if got := sum(t, fs); got != 6 {
		t.Errorf("sum %d after the fault was mended", got)
	}
}

func TestRun_goesOnBehindTheCursor(t *testing.T) {
	t.Parallel()
	project, fs := database(t)
	things(t, fs, 4)
	r := runner{fs: fs, now: time.Now, out: &strings.Builder{}, after: "users/0001/friends/t"}
	if err := r.run(t.Context(), double); err != nil {
		t.Fatal(err)
	}
	if got := sum(t, fs); got != 0+1+4+6 {
		t.Errorf("sum %d", got)
	}
	migrated(t, project, fs, double)
	if got := sum(t, fs); got != 12 {
		t.Errorf("sum %d after a run from the beginning", got)
	}
}

func TestRun_stopped(t *testing.T) {
	t.Parallel()
	_, fs := database(t)
	things(t, fs, 3)
	ctx, cancel := context.WithCancel(t.Context())
	s := double
	s.Migrate = func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		cancel() // in the midst of the first page
		return double.Migrate(ctx, tx, doc)
	}
	r := runner{fs: fs, now: time.Now, out: &strings.Builder{}}
	if err := r.run(ctx, s); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "go on by -step double") {
		t.Errorf("error %v", err)
	}
	runStep(t, fs, double, false)
	if got := sum(t, fs); got != 6 {
		t.Errorf("sum %d after it was run again", got)
	}
}

func TestSteps(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range steps {
		_, listed := schema.Find(s.Collection)
		if s.Name == "" || s.About == "" || !listed || s.Pending == nil || s.Migrate == nil || seen[s.Name] {
			t.Errorf("step %q is incomplete or there twice", s.Name)
		}
		seen[s.Name] = true
	}
}

func TestCommand(t *testing.T) {
	for name, tt := range map[string]struct {
		args []string
		host string
		says string
		want error
	}{
		"help":                        {[]string{"--help"}, "", "Run it right\nafter the deployment", flag.ErrHelp},
		"no project and no emulator":  {nil, "", "name the project", errUsage},
		"a step that is not there":    {[]string{"-step", "x"}, "host", "no step", errUsage},
		"a cursor without a step":     {[]string{"-after", "users/1"}, "host", "needs -step", errUsage},
		"an argument":                 {[]string{"x"}, "host", "arguments", errUsage},
		"an option that is not there": {[]string{"-x"}, "host", "not defined", errUsage},
		"the list":                    {[]string{"-list"}, "", "", nil},
		"every step, of an empty store": {
			[]string{"-project", "demo-empty"}, os.Getenv("FIRESTORE_EMULATOR_HOST"),
			"project demo-empty, database (default) on", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("FIRESTORE_EMULATOR_HOST", tt.host)
			var out strings.Builder
			if err := command(
				t.Context(), tt.args, &out, &out,
			); !errors.Is(err, tt.want) || !strings.Contains(out.String(), tt.says) {
				t.Errorf("error %v, want %v: %s", err, tt.want, &out)
			}
		})
	}
}

// nowhere takes every event.
type nowhere struct{}

func (nowhere) Publish(context.Context, string, []byte, map[string]string) error { return nil }
