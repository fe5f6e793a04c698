package httpapi

import (
	"context"
	"math"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
)

// asked is a request of the user's for the query.
func asked(t *testing.T, uid, query string) *http.Request {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/things?"+query, nil)
	return r.WithContext(context.WithValue(r.Context(), identityKey{}, Identity{UID: uid}))
}

func TestPage(t *testing.T) {
	t.Parallel()
	last := Position{At: time.Date(2026, 11, 21, 12, 0, 0, 123456000, time.UTC), ID: "5cjvqf3zq2wz7h6l4n3kd2ya4m"}
	first, err := PageParams(asked(t, "anna", ""), 20, "things", "newest")
	if err != nil || first.Limit != 20 || first.After != nil {
		t.Fatalf("the first page is %+v, %v", first, err)
	}
	cursor := first.Next(last)
	next, err := PageParams(asked(t, "anna", "limit=100&cursor="+cursor), 20, "things", "newest")
	if err != nil || next.Limit != 100 || next.After == nil {
		t.Fatalf("the next page is %+v, %v", next, err)
	}
	if diff := cmp.Diff(last, *next.After); diff != "" {
		t.Errorf("position (-want +got):\n%s", diff)
	}
	before := Position{At: time.Date(1969, 1, 1, 0, 0, 0, 0, time.UTC), ID: "a"}
	if got, ok := first.parse(first.Next(before)); !ok || !cmp.Equal(before, got) {
		t.Errorf("a time before 1970 came back as %v, %v", got, ok)
	}
	refused := map[string]struct {
		uid, query string
		scope      []string
	}{
		"another user's":      {"bob", "cursor=" + cursor, []string{"things", "newest"}},
		"another order's":     {"anna", "cursor=" + cursor, []string{"things", "oldest"}},
		"another list's":      {"anna", "cursor=" + cursor, []string{"others", "newest"}},
		"one cut short":       {"anna", "cursor=" + cursor[:len(cursor)-2], []string{"things", "newest"}},
		"one made by hand":    {"anna", "cursor=MS5hLmE", []string{"things", "newest"}},
		"one that is no text": {"anna", "cursor=%00", []string{"things", "newest"}},
		"one with a path": {
			"anna", "cursor=" + url.QueryEscape(first.Next(Position{ID: "../x"})), []string{"things", "newest"},
		},
		"one without a number":    {"anna", "cursor=eC5hLmE", []string{"things", "newest"}},
		"one written another way": {"anna", "cursor=" + cursor[:4] + "%0A" + cursor[4:], []string{"things", "newest"}},
		"one before all times": {
			"anna", "cursor=" + first.Next(Position{At: firstTime.Add(-time.Microsecond), ID: "a"}),
			[]string{"things", "newest"},
		},
		"one after all times": {
			"anna", "cursor=" + first.Next(Position{At: lastTime.Add(time.Microsecond), ID: "a"}), []string{"things", "newest"},
		},
		"one of the largest time": {
			"anna", "cursor=" + first.Next(Position{At: time.UnixMicro(math.MaxInt64), ID: "a"}), []string{"things", "newest"},
		},
		"a huge one":     {"anna", "cursor=" + strings.Repeat("A", 1<<20), []string{"things", "newest"}},
		"a limit of 0":   {"anna", "limit=0", nil},
		"a limit of 101": {"anna", "limit=101", nil},
	}
	for name, tt := range refused {
		t.Run(name+" is refused", func(t *testing.T) {
			t.Parallel()
			if _, err := PageParams(asked(t, tt.uid, tt.query), 20, tt.scope...); !fault.Is(err, fault.CodeInvalidParameter) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func FuzzPage_parse(f *testing.F) {
	p := Page{scope: "anna"}
	f.Add(p.Next(Position{At: time.Unix(1, 0), ID: "a"}))
	f.Add("MS5hLmE")
	f.Fuzz(func(t *testing.T, cursor string) {
		if at, ok := p.parse(cursor); ok && (p.Next(at) != cursor || !storable(at.At)) {
			t.Errorf("%q does not come back", cursor)
		}
	})
}

func TestCollect(t *testing.T) {
	t.Parallel()
	at := func(id string) Position { return Position{At: time.Unix(0, 0).UTC(), ID: id} }
	for name, tt := range map[string]struct {
		read, want []string
		next       string // the item that the cursor is of, "" for none
	}{
		"an empty list is no null":           {nil, []string{}, ""},
		"a short page is the last":           {[]string{"a"}, []string{"A"}, ""},
		"so is a full one":                   {[]string{"a", "b"}, []string{"A", "B"}, ""},
		"one more is where the next goes on": {[]string{"a", "b", "c"}, []string{"A", "B"}, "b"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			page, err := PageParams(asked(t, "anna", "limit=2"), 20, "things")
			if err != nil {
				t.Fatal(err)
			}
			want := List[string]{Items: tt.want}
			if tt.next != "" {
				want.NextCursor = page.Next(at(tt.next))
			}
			if diff := cmp.Diff(want, Collect(page, tt.read, at, strings.ToUpper)); diff != "" {
				t.Errorf("page (-want +got):\n%s", diff)
			}
		})
	}
}

func TestQueryParameters(t *testing.T) {
	t.Parallel()
	at, err := TimeParam(asked(t, "anna", "from=2026-11-21T13:00:00.5%2B01:00"), "from")
	if want := time.Date(2026, 11, 21, 12, 0, 0, 500_000_000, time.UTC); err != nil || !at.Equal(want) {
		t.Errorf("time = %v, %v", at, err)
	}
	if at, err := TimeParam(asked(t, "anna", ""), "from"); err != nil || at != nil {
		t.Errorf("no time = %v, %v", at, err)
	}
	for _, text := range []string{
		"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59-00:00", "0001-01-01T12:00:00-12:00",
	} {
		if at, err := TimeParam(asked(t, "anna", "from="+text), "from"); err != nil || at == nil {
			t.Errorf("%s = %v, %v", text, at, err)
		}
	}
	for _, text := range []string{
		"yesterday", "2026-11-21", "2026-11-21T13:00:00", "2026-11-21T1:00:00Z", "2026-11-21T13:00:00,5Z",
		"2026-02-30T00:00:00Z",
		"2026-11-21T24:00:00Z", "2026-11-21T13:00:00%2B24:00", "0000-01-01T00:00:00Z", "0001-01-01T00:00:00%2B00:01",
		"9999-12-31T23:59:59-12:00", "10000-01-01T00:00:00Z", "-001-01-01T00:00:00Z", "%00",
	} {
		if _, err := TimeParam(asked(t, "anna", "from="+text), "from"); !fault.Is(err, fault.CodeInvalidParameter) {
			t.Errorf("%s: %v", text, err)
		}
	}
	if at, err := TimeMember("/from", nil); err != nil || at != nil {
		t.Errorf("no member = %v, %v", at, err)
	}
	for _, text := range []string{"", "yesterday", "9999-12-31T23:59:59-12:00"} {
		_, err := TimeMember("/from", &text)
		if f := fault.From(err); f.Code != fault.CodeInvalidField || f.Fields[0].String() != "/from" {
			t.Errorf("%q: %v", text, err)
		}
	}
	for query, want := range map[string]string{"": "newest", "order=oldest": "oldest"} {
		if got, err := EnumParam(asked(t, "anna", query), "order", "newest", "oldest"); err != nil || got != want {
			t.Errorf("%q = %q, %v", query, got, err)
		}
	}
	if _, err := EnumParam(
		asked(t, "anna", "order=best"), "order", "newest", "oldest",
	); !fault.Is(err, fault.CodeInvalidParameter) {
		t.Errorf("best: %v", err)
	}
}
