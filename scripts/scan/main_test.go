package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
)

func TestUsage(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args []string
		code int
	}{
		"help":                    {[]string{"--help"}, exitOK},
		"help in short":           {[]string{"-h"}, exitOK},
		"nothing":                 {nil, exitUsage},
		"no file":                 {[]string{"-json"}, exitUsage},
		"an unknown flag":         {[]string{"-jsno", "a.jpg"}, exitUsage},
		"a flag without a value":  {[]string{"-overlay"}, exitUsage},
		"an empty folder name":    {[]string{"-overlay", "", "a.jpg"}, exitUsage},
		"-verify without reports": {[]string{"-verify", "", "a.jpg"}, exitUsage},
		"-verify with -json":      {[]string{"-json", "-verify", "a", "a.jpg"}, exitUsage},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := scan(t, tt.args...)
			r.want(t, tt.code)
			onStdout, onStderr := strings.Contains(r.stdout, "usage:"), strings.Contains(r.stderr, "usage:")
			if onStdout != (tt.code == exitOK) || onStderr != (tt.code == exitUsage) {
				t.Errorf("usage on stdout: %v, on stderr: %v", onStdout, onStderr)
			}
		})
	}
}

func TestJSONLines(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{
		"b/two.JPEG": sample(t), "b/a/iphone.heic": heic, "b/a/page.png": "<html>", "b/notes.txt": "no photo",
		"b/one.jpg": sample(t)[:9000],
		"last.bin":  sample(t),
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	r := scan(t, "-json", at("last.bin"), at("b"), at("b/two.JPEG"))
	r.want(t, exitOK)
	if strings.Contains(r.stderr, "\x1b") || strings.Contains(r.stderr, "\r") {
		t.Errorf("a progress bar where there is no terminal: %q", r.stderr)
	}
	report, err := face.Analyze(strings.NewReader(sample(t)), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(report)
	if err != nil {
		t.Fatal(err)
	}
	want := []struct{ file, code string }{
		{at("last.bin"), ""}, {at("b/a/iphone.heic"), "unsupported_format"}, {at("b/a/page.png"), "unsupported_format"},
		{at("b/one.jpg"), "corrupt"}, {at("b/two.JPEG"), ""}, {at("b/two.JPEG"), ""},
	}
	got := lines(t, r.stdout)
	if len(got) != len(want) {
		t.Fatalf("%d lines, want %d:\n%s", len(got), len(want), r.stdout)
	}
	for i, w := range want {
		g := got[i]
		if g.File != w.file || g.code() != w.code {
			t.Errorf("line %d is of %s with code %q, want %s with %q", i, g.File, g.code(), w.file, w.code)
		}
		if g.Report != nil && !bytes.Equal(g.Report, body) {
			t.Errorf("line %d has another report than the engine gives", i)
		}
		if g.Error != nil && g.Error.Detail == "" {
			t.Errorf("line %d says nothing of what to do", i)
		}
	}
}

func TestUnreadableFile_stopsNoOther(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.jpg": sample(t)})
	missing, there := filepath.Join(dir, "missing.jpg"), filepath.Join(dir, "a.jpg")
	r := scan(t, "-json", missing, there)
	r.want(t, exitTrouble)
	got := lines(t, r.stdout)
	if len(got) != 2 || got[0].code() != "unreadable" || got[0].File != missing || got[1].code() != "" {
		t.Errorf("lines:\n%s", r.stdout)
	}
	if !strings.Contains(r.stderr, "1 of 2 files could not be") {
		t.Errorf("stderr: %s", r.stderr)
	}
	t.Run("in the table too", func(t *testing.T) {
		t.Parallel()
		r := scan(t, missing)
		r.want(t, exitTrouble)
		if !strings.Contains(r.stdout, missing+"\n  unreadable: ") {
			t.Errorf("stdout: %s", r.stdout)
		}
	})
}

func TestStandardInput(t *testing.T) {
	t.Parallel()
	r := scanInput(t.Context(), t, strings.NewReader(sample(t)), "-json", "-")
	r.want(t, exitOK)
	if got := lines(t, r.stdout); len(got) != 1 || got[0].File != "-" || got[0].code() != "" {
		t.Errorf("stdout: %s", r.stdout)
	}
	r = scanInput(t.Context(), t, iotest.ErrReader(errors.New("pipe burst")), "-json", "-")
	r.want(t, exitTrouble)
	if got := lines(t, r.stdout); len(got) != 1 || got[0].code() != "unreadable" || !strings.Contains(
		got[0].Error.Detail, "pipe burst",
	) {
		t.Errorf("stdout: %s", r.stdout)
	}
}

type crashing struct{}

func (crashing) Read([]byte) (int, error) { panic("index out of range") }

func TestEngineThatCrashesIsTrouble(t *testing.T) {
	t.Parallel()
	r := scanInput(t.Context(), t, crashing{}, "-json", "-")
	r.want(t, exitTrouble)
	if got := lines(t, r.stdout); len(got) != 1 || got[0].code() != "analysis_crashed" {
		t.Errorf("stdout: %s", r.stdout)
	}
}

func TestTableForPeople(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"1.jpg": sample(t), "2.heic": heic})
	r := scan(t, dir)
	r.want(t, exitOK)
	report, err := face.Analyze(strings.NewReader(sample(t)), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	wanted := []string{
		"1.jpg\n", "METRIC", "UNIT", "INTERVAL", "symmetry score", "percentile", "| 100\n",
		"Its interval: where the mean of this",
		"IOD: the distance between the pupils", "CHECK", "VERDICT", "2.heic\n", "refused, unsupported_format: ",
	}
	for _, m := range report.Metrics {
		wanted = append(wanted, words(m.Name), decimal(m.Value), decimal(m.Lo)+" to "+decimal(m.Hi))
	}
	for _, c := range report.Quality {
		wanted = append(wanted, words(c.Check))
	}
	for _, w := range wanted {
		if !strings.Contains(r.stdout, w) {
			t.Errorf("the table lacks %q:\n%s", w, r.stdout)
		}
	}
	if !strings.Contains(r.stderr, "2 files: 1 measured, 1 refused") {
		t.Errorf("stderr: %s", r.stderr)
	}
}

func TestTable_tellsWhatToDo(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	report := report.Report{
		Fixes: []string{"Face a window."}, NotRankableBecause: "The face is too dark.",
		Quality: []report.Check{{Check: "brightness", Value: 40, Warn: new(48.0), Verdict: report.VerdictWarn}},
	}
	if err := printTable(&b, outcome{result: result{File: "a", Report: &report}}); err != nil {
		t.Fatal(err)
	}
	refused := outcome{
		result: result{File: "b", Error: &failure{"too_dark", "It is too dark."}}, fixes: []string{"Turn on more light."},
	}
	if err := printTable(&b, refused); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"not ranked: The face is too dark.", "next time: Face a window.", "next time: Turn on more light.",
		"refused, too_dark: It is too dark.",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
}

func TestInterrupt_endsCleanly(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	dir := folder(t, map[string]string{"1.jpg": sample(t), "2.jpg": sample(t)})
	r := scanInput(ctx, t, strings.NewReader(""), "-json", dir)
	r.want(t, exitTrouble)
	if r.stdout != "" || !strings.Contains(r.stderr, "interrupted after 0 of 2 files") {
		t.Errorf("stdout %q, stderr %q", r.stdout, r.stderr)
	}
}

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestOutputThatCannotBeWritten(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"1.heic": heic, "2.heic": heic})
	for _, args := range [][]string{{"-json", dir}, {dir}} {
		var stderr bytes.Buffer
		if code := run(
			t.Context(), args, nil, full{}, &stderr,
		); code != exitTrouble || !strings.Contains(stderr.String(), "disk full") {
			t.Errorf("exit code %d, stderr %s", code, stderr.String())
		}
	}
}

func TestInOrder(t *testing.T) {
	t.Parallel()
	const n = 100
	t.Run("outcomes come in order whatever is ready first", func(t *testing.T) {
		t.Parallel()
		// The first piece of work ends only after a later one, where two can be done at once.
		later := make(chan struct{})
		var got []int
		done, err := inOrder(t.Context(), n, func(i int) int {
			switch i {
			case 0:
				if runtime.GOMAXPROCS(0) > 1 {
					<-later
				}
			case 1:
				close(later)
			}
			return i
		}, func(i int) error { got = append(got, i); return nil })
		if done != n || err != nil {
			t.Fatalf("inOrder = %d, %v", done, err)
		}
		for i, g := range got {
			if i != g {
				t.Fatalf("outcome %d is that of %d", i, g)
			}
		}
	})
	t.Run("nothing is begun after a failure", func(t *testing.T) {
		t.Parallel()
		failed := errors.New("failed")
		emitted := 0
		done, err := inOrder(t.Context(), 1<<20, func(i int) int { return i }, func(i int) error {
			emitted++
			if i == 3 {
				return failed
			}
			return nil
		})
		if done != 3 || emitted != 4 || !errors.Is(err, failed) {
			t.Errorf("inOrder = %d, %v after %d outcomes", done, err, emitted)
		}
	})
	t.Run("an interrupt in the middle", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		done, err := inOrder(ctx, 1<<20, func(i int) int { return i }, func(i int) error {
			if i == 5 {
				cancel()
			}
			return nil
		})
		if done != 6 || err != nil {
			t.Errorf("inOrder = %d, %v", done, err)
		}
	})
}

func TestCollect(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"b.png": "", "a/z.WEBP": "", "a/y.txt": "", "c.heif": "", "photo": ""})
	if err := os.Symlink(filepath.Join(dir, "photo"), filepath.Join(dir, "link.jpg")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "folder.jpg"), 0o700); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, in := range collect([]string{"-", dir, filepath.Join(dir, "a/y.txt"), "./nowhere"}) {
		got = append(got, strings.TrimPrefix(in.file, dir+"/"))
	}
	want := []string{"-", "a/z.WEBP", "b.png", "c.heif", "link.jpg", "a/y.txt", "./nowhere"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}
