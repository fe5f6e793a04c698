package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func write(t *testing.T, name, content string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestVerify(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"p/a.jpg": sample(t), "q/b.heic": heic, "q/c.png": "<html>"})
	a, b, c := filepath.Join(dir, "p", "a.jpg"), filepath.Join(dir, "q", "b.heic"), filepath.Join(dir, "q", "c.png")
	measured, refused := scan(t, "-json", a), scan(t, "-json", filepath.Join(dir, "q"))
	measured.want(t, exitOK)
	refused.want(t, exitOK)
	lineB, lineC, _ := strings.Cut(refused.stdout, "\n")
	orientation := func(other string) string { return strings.Replace(measured.stdout, `"orientation":1`, other, 1) }
	tests := map[string]struct {
		reports string
		files   []string
		code    int
		want    []string // starts of the lines on stdout
	}{
		"all as it was":       {measured.stdout + refused.stdout, nil, exitOK, nil},
		"the files are given": {refused.stdout, []string{filepath.Join(dir, "q")}, exitOK, nil},
		"in another order, one of them twice, with empty lines": {
			lineC + "\n\n" + refused.stdout, []string{c, b}, exitOK, nil,
		},
		"another number": {
			orientation(`"orientation":3`), nil, exitTrouble, []string{a + ": report.image.orientation was 3, is 1"},
		},
		"another code": {
			strings.Replace(refused.stdout, "unsupported_format", "corrupt", 1), nil, exitTrouble,
			[]string{b + `: error.code was "corrupt", is "unsupported_format"`},
		},
		"written differently": {
			orientation(`"orientation": 1`), nil, exitTrouble, []string{a + ": the same values, written differently"},
		},
		"a member more": {
			orientation(`"orientation":1,"camera":"x"`), nil, exitTrouble, []string{a + ": report.image.camera is gone"},
		},
		"a file more": {lineB, []string{b, c}, exitTrouble, []string{c + ": not in the reports"}},
		"a file less": {refused.stdout, []string{c}, exitTrouble, []string{b + ": only in the reports"}},
		"a file that is gone": {
			strings.Replace(lineB, "b.heic", "gone.heic", 1), nil, exitTrouble,
			[]string{filepath.Join(dir, "q", "gone.heic") + `: error.code was "unsupported_format", is "unreadable"`},
		},
		"reports that are none": {"no JSON\n", nil, exitTrouble, nil},
		"lines without a file":  {`{"report":{}}`, nil, exitTrouble, nil},
		"reports that contradict each other": {
			refused.stdout + strings.Replace(lineB, "unsupported", "supported", 1), nil, exitTrouble, nil,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reports := write(t, filepath.Join(t.TempDir(), "reports.jsonl"), tt.reports)
			r := scan(t, append([]string{"-verify", reports}, tt.files...)...)
			r.want(t, tt.code)
			for _, w := range tt.want {
				if !strings.HasPrefix(r.stdout, w) && !strings.Contains(r.stdout, "\n"+w) {
					t.Errorf("no line begins with %q:\n%s", w, r.stdout)
				}
			}
			if len(tt.want) == 0 && r.stdout != "" {
				t.Errorf("stdout: %s", r.stdout)
			}
		})
	}
	t.Run("reports that are not there", func(t *testing.T) {
		t.Parallel()
		scan(t, "-verify", filepath.Join(dir, "nowhere")).want(t, exitTrouble)
	})
}

func TestDifferences(t *testing.T) {
	t.Parallel()
	got := differences(
		[]byte(`{"a":[1,2,{"b":1.0}],"c":null,"d":[1],"e":"x","gone":0}`),
		[]byte(`{"a":[1,3,{"b":1}],"c":{},"d":[1,2],"e":"x","new":0}`))
	want := []string{
		"a[1] was 2, is 3", "a[2].b was 1.0, is 1", "c was null, is {}", "d was [1], is [1,2]", "gone is gone",
		"new was not there",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if got := differences([]byte(`{`), []byte(`{}`)); len(got) != 1 {
		t.Errorf("a broken line: %q", got)
	}
	long := differences([]byte(`{"a":"`+strings.Repeat("x", 500)+`"}`), []byte(`{"a":1}`))
	if len(long) != 1 || len(long[0]) > 150 {
		t.Errorf("a long value is told as %q", long)
	}
}

func TestManyDifferences_areCutShort(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"a.jpg": sample(t)})
	made := scan(t, "-json", dir)
	reports := write(t, filepath.Join(dir, "reports.jsonl"), strings.ReplaceAll(made.stdout, `"se":`, `"sd":`))
	r := scan(t, "-verify", reports)
	r.want(t, exitTrouble)
	if n := strings.Count(r.stdout, "\n"); n != shownDiffs+1 || !strings.Contains(r.stdout, "and 27 more") {
		t.Errorf("%d lines:\n%s", n, r.stdout)
	}
}
