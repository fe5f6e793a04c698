package event_test

import (
	"encoding/base64"
	"errors"
	"flag"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
)

var update = flag.Bool("update", false, "write golden files for event types that have none")

var at = time.Date(2026, 11, 21, 12, 30, 0, 0, time.UTC)

const traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

// sample is an event's payload, and what reads such a one.
type sample struct {
	event.Payload
	read func(event.Event) (event.Payload, error)
}

func of[P event.Payload](p P) sample {
	return sample{p, func(e event.Event) (event.Payload, error) { return event.As[P](e) }}
}

// samples has one payload of each released type; TestEveryType_hasASample keeps it whole.
func samples() []sample {
	return []sample{
		of(event.AccountRegisteredV1{UID: "u1"}),
		of(event.AccountUpdatedV1{UID: "u1"}),
		of(event.ScanCompletedV1{
			UID: "u1", ScanID: "s1", ConsentEpoch: 3, Engine: "facescan-1.0.0", EngineMajor: 1,
			Score: 71.25, Rankable: true, CompletedAt: at,
		}),
		of(event.ScanFailedV1{UID: "u1", ScanID: "s1", ConsentEpoch: 3, Code: "no_face"}),
		of(event.ScanDeletedV1{UID: "u1", ScanID: "s1", ConsentEpoch: 3, EngineMajor: 1, Rankable: true, CompletedAt: at}),
		of(event.ScanVerifyRequestedV1{UID: "u1", ScanID: "s1", Version: 4, Rescore: true}),
		of(event.ScanRescoredV1{
			UID: "u1", ScanID: "s1", ConsentEpoch: 3, EngineMajor: 2, Score: 70.5, Rankable: true, CompletedAt: at, Revision: 6,
		}),
		of(event.SeriesSettledV1{
			UID: "u1", SeriesID: "r1", ConsentEpoch: 3, Engine: "facescan-1.0.0", EngineMajor: 1, Score: 70.5,
			Interval: event.Around(52.25, 84.5),
			Photos:   2, Struck: 1, SettledAt: at, Revision: 2,
		}),
		of(event.SeriesDeletedV1{UID: "u1", SeriesID: "r1", ConsentEpoch: 3, EngineMajor: 1, Photos: 3, SettledAt: at}),
		of(event.PersonalBestReachedV1{
			UID: "u1", ScanID: "s1", Board: "symmetry_all_v1", ConsentEpoch: 3, Score: 71.25, Previous: 64,
		}),
		of(event.RankChangedV1{
			UID: "u1", Board: "symmetry_overall_all_v1", ConsentEpoch: 3, Rank: 12, Previous: 15, RankLow: 3, RankHigh: 31,
			Total: 41, AsOf: at,
		}),
		of(event.DeliveryDueV1{UID: "u1"}),
		of(event.SweepRequestedV1{}),
		of(event.AccountErasureRequestedV1{UID: "u1"}),
		of(event.ConsentWithdrawnV1{UID: "u1", Epoch: 3}),
		of(event.AccountExportRequestedV1{UID: "u1", ExportID: "e1"}),
		of(event.ExportReadyV1{UID: "u1", ExportID: "e1", ConsentEpoch: 3, ExpiresAt: at}),
		of(event.DeviceAddedV1{UID: "u1", DeviceID: "phone-1", Platform: "android", AddedAt: at}),
		of(event.PasswordChangedV1{UID: "u1", At: at}),
		of(event.SignInsEndedV1{UID: "u1", At: at, Banned: true}),
		of(event.AccountDeletionAskedV1{LinkID: "l1", To: "c2VhbGVk", Locale: "de"}),
	}
}

// withIntervals has a payload of each type that has gained the interval of its score.
func withIntervals() []sample {
	interval := event.Around(0, 93.5)
	return []sample{
		of(event.ScanCompletedV1{
			UID: "u1", ScanID: "s1", ConsentEpoch: 3, Engine: "facescan-2.0.0", EngineMajor: 2,
			Score: 71.25, Interval: interval, Rankable: true, CompletedAt: at,
		}),
		of(event.ScanRescoredV1{
			UID: "u1", ScanID: "s1", ConsentEpoch: 3, EngineMajor: 2, Score: 70.5, Interval: interval, Rankable: true,
			CompletedAt: at, Revision: 6,
		}),
		of(event.PersonalBestReachedV1{
			UID: "u1", ScanID: "s1", Board: "symmetry_all_v2", ConsentEpoch: 3, Score: 71.25, Interval: interval, Previous: 64,
		}),
	}
}

// withUploads has a payload of each type that has gained the time of the upload.
func withUploads() []sample {
	uploaded := at.Add(-time.Minute)
	return []sample{
		of(event.ScanCompletedV1{
			UID: "u1", ScanID: "s1", ConsentEpoch: 3, Engine: "facescan-2.0.0", EngineMajor: 2,
			Score: 71.25, Rankable: true, CompletedAt: at, UploadedAt: uploaded,
		}),
		of(event.ScanDeletedV1{
			UID: "u1", ScanID: "s1", ConsentEpoch: 3, EngineMajor: 1, Rankable: true, CompletedAt: at, UploadedAt: uploaded,
		}),
		of(event.ScanRescoredV1{
			UID: "u1", ScanID: "s1", ConsentEpoch: 3, EngineMajor: 2, Score: 70.5, Rankable: true,
			CompletedAt: at, UploadedAt: uploaded, Revision: 6,
		}),
	}
}

func TestGoldenFilesDecodeForEver(t *testing.T) {
	t.Parallel()
	goldens := map[string]sample{}
	for _, p := range samples() {
		goldens[p.EventType()] = p
	}
	for _, p := range withIntervals() {
		goldens[p.EventType()+".interval"] = p
	}
	for _, p := range withUploads() {
		goldens[p.EventType()+".uploaded"] = p
	}
	for name, want := range goldens {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join("testdata", name+".json")
			golden, err := os.ReadFile(path)
			if errors.Is(err, os.ErrNotExist) && *update {
				golden = encode(t, want.Payload)
				err = os.WriteFile(path, golden, 0o600)
			}
			if err != nil {
				t.Fatalf("read the golden file (a new type writes it with -update): %v", err)
			}
			e, err := event.Decode(golden)
			if err != nil {
				t.Fatal(err)
			}
			if e.ID != "event-1" || !e.Time.Equal(at) || e.Traceparent != traceparent {
				t.Errorf("envelope = %+v", e)
			}
			got, err := want.read(e)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want.Payload, got); diff != "" {
				t.Errorf("payload (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(string(golden), string(encode(t, want.Payload))); diff != "" {
				t.Errorf("today's encoding differs from the golden file (-golden +now):\n%s", diff)
			}
		})
	}
}

func TestEveryType_hasASample(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("*_v[0-9]*.go")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, s := range samples() {
		have[strings.NewReplacer(".", "_", "-", "_").Replace(s.EventType())+".go"] = true
	}
	for _, f := range files {
		if !have[f] {
			t.Errorf("%s: no sample of its type, or the type is not named after its file", f)
		}
	}
	if len(files) != len(have) {
		t.Errorf("%d files, %d samples", len(files), len(have))
	}
}

func encode(t *testing.T, p event.Payload) []byte {
	t.Helper()
	e, err := event.New("event-1", at, traceparent, p)
	if err != nil {
		t.Fatal(err)
	}
	body, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func TestDecode_refusesWhatIsNoEvent(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"nothing":      "",
		"no JSON":      "{",
		"an array":     "[]",
		"no type":      `{"specversion":"1.0","id":"1","source":"x"}`,
		"another spec": `{"specversion":"0.3","id":"1","source":"x","type":"t"}`,
		"a path as id": `{"specversion":"1.0","id":"a/b","source":"x","type":"t"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := event.Decode([]byte(body)); !errors.Is(err, event.ErrMalformed) {
				t.Errorf("err = %v, want ErrMalformed", err)
			}
		})
	}
}

func TestAs(t *testing.T) {
	t.Parallel()
	e, err := event.New("1", at, "", event.ScanFailedV1{UID: "u", ScanID: "s", Code: "no_face"})
	if err != nil {
		t.Fatal(err)
	}
	t.Run("another type is malformed", func(t *testing.T) {
		if _, err := event.As[event.ScanCompletedV1](e); !errors.Is(err, event.ErrMalformed) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("a member of a later release is ignored", func(t *testing.T) {
		later := e
		later.Data = []byte(`{"uid":"u","scanId":"s","code":"c","later":1}`)
		if _, err := event.As[event.ScanFailedV1](later); err != nil {
			t.Error(err)
		}
	})
	t.Run("a required member must be there", func(t *testing.T) {
		incomplete := e
		incomplete.Data = []byte(`{"uid":"u"}`)
		if _, err := event.As[event.ScanFailedV1](incomplete); !errors.Is(err, event.ErrMalformed) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("an incomplete payload is not sent", func(t *testing.T) {
		for _, data := range []event.Payload{
			event.ScanFailedV1{}, event.ExportReadyV1{UID: "u", ExportID: "e"}, event.PasswordChangedV1{UID: "u"},
			event.SignInsEndedV1{UID: "u"}, event.AccountDeletionAskedV1{LinkID: "l"},
			event.DeviceAddedV1{UID: "u", DeviceID: "d", Platform: "ios"}, event.DeviceAddedV1{UID: "u", AddedAt: at},
		} {
			if _, err := event.New("1", at, "", data); !errors.Is(err, event.ErrMalformed) {
				t.Errorf("%#v: %v", data, err)
			}
		}
	})
}

func TestValidID(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]bool{
		"2xVnVMnUbdgGwHJ0NkZ3dYQJ5b23": true, "a": true, "...": true, "_a_": true, "Ünïcode id|x@example.com": true,
		strings.Repeat("ö", 128): true, "__a": true,
		"": false, ".": false, "..": false, "a/b": false, "/": false, "__a__": false, "____": false, "a\nb": false,
		"a\x00": false, "a\u0085": false, "a\xff": false, strings.Repeat("a", 513): false,
	} {
		if got := event.ValidID(id); got != want {
			t.Errorf("ValidID(%.20q) = %t, want %t", id, got, want)
		}
	}
}

// What has an id that no document can have is malformed, and so parked: its handler would fail at
// each delivery. A member that is named as an id is checked without further ado.
func TestValidate_refusesIDs(t *testing.T) {
	t.Parallel()
	for _, s := range samples() {
		whole := reflect.New(reflect.TypeOf(s.Payload)).Elem()
		for i := range whole.NumField() {
			whole.Set(reflect.ValueOf(s.Payload))
			name, _, _ := strings.Cut(whole.Type().Field(i).Tag.Get("json"), ",")
			if whole.Field(i).Kind() != reflect.String || name != "uid" && name != "board" && !strings.HasSuffix(name, "Id") {
				continue
			}
			for _, bad := range []string{"a/b", "..", "__a__", "a\n"} {
				whole.Field(i).SetString(bad)
				if name == "seriesId" && s.EventType() == "personal-best.reached.v1" {
					whole.FieldByName("ScanID").SetString("") // it has the one or the other
				}
				if err := whole.Interface().(event.Payload).Validate(); !errors.Is(err, event.ErrMalformed) {
					t.Errorf("%s with %s %q: %v, want ErrMalformed", s.EventType(), name, bad, err)
				}
			}
		}
	}
}

func TestInterval(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		data string
		want bool
	}{
		"around the score":        {`"lo":31.1,"hi":86.9`, true},
		"that begins at nothing":  {`"lo":0,"hi":86.9`, true},
		"of no width":             {`"lo":62.5,"hi":62.5`, true},
		"there is none":           {`"later":1`, false},
		"beside the score":        {`"lo":70,"hi":86.9`, false},
		"with its ends exchanged": {`"lo":86.9,"hi":31.1`, false},
		"without its upper end":   {`"lo":31.1`, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := event.Event{
				Type: "scan.completed.v1", Data: []byte(`{"uid":"u","scanId":"s","engine":"e","score":62.5,` + tt.data + `}`),
			}
			got, err := event.As[event.ScanCompletedV1](e)
			if err != nil {
				t.Fatal(err)
			}
			if got.Holds(got.Score) != tt.want {
				t.Errorf("%+v holds %v: want %v", got.Interval, got.Score, tt.want)
			}
		})
	}
}

func TestID(t *testing.T) {
	t.Parallel()
	if first, second := event.ID("a", "b"), event.ID("a", "b"); first != second {
		t.Error("not the same for the same fact")
	}
	if event.ID("a", "b") == event.ID("ab") || event.ID("a", "b") == event.ID("b", "a") {
		t.Error("the same for different facts")
	}
}

func TestReceive(t *testing.T) {
	t.Parallel()
	object := `{"kind":"storage#object","bucket":"up","name":"uploads/u/s","generation":"17","size":"5",` +
		`"contentType":"image/jpeg","timeCreated":"2026-11-22T10:00:00.5Z","metadata":{"traceparent":"` + traceparent + `"}}`
	want := event.ObjectFinalized{
		Bucket: "up", Name: "uploads/u/s", Generation: 17, Size: 5, ContentType: "image/jpeg",
		Created: time.Date(2026, 11, 22, 10, 0, 0, 5e8, time.UTC), Metadata: map[string]string{"traceparent": traceparent},
	}
	finalized := func(t *testing.T, header http.Header, body string) {
		t.Helper()
		m, err := event.Receive(header, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		got, err := m.Finalized()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("object (-want +got):\n%s", diff)
		}
	}
	t.Run("a storage notification in a Pub/Sub push", func(t *testing.T) {
		finalized(t, http.Header{}, push(object, `"eventType":"OBJECT_FINALIZE"`))
	})
	t.Run("an Eventarc storage event", func(t *testing.T) {
		header := http.Header{}
		header.Set("ce-type", "google.cloud.storage.object.v1.finalized")
		header.Set("ce-id", "7")
		header.Set("ce-time", at.Format(time.RFC3339))
		finalized(t, header, object)
	})
	t.Run("the sweep's retelling of a lost notification", func(t *testing.T) {
		data, attributes, err := event.FinalizedMessage(want)
		if err != nil {
			t.Fatal(err)
		}
		got, err := event.Message{Data: data, Attributes: attributes}.Finalized()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("object (-want +got):\n%s", diff)
		}
	})
	for name, body := range map[string]string{
		"empty": "", "no JSON": "<xml>", "no message": "{}",
		"data that is no base64": `{"message":{"messageId":"1","data":"%"}}`,
	} {
		t.Run(name+" is malformed", func(t *testing.T) {
			if _, err := event.Receive(http.Header{}, []byte(body)); !errors.Is(err, event.ErrMalformed) {
				t.Errorf("err = %v", err)
			}
		})
	}
	for name, body := range map[string]string{
		"a deletion": push(object, `"eventType":"OBJECT_DELETE"`),
		"a name of two lines": push(
			`{"bucket":"b","name":"a\nb","generation":"1","size":"1"}`, `"eventType":"OBJECT_FINALIZE"`,
		),
		"no generation yet": push(
			`{"bucket":"b","name":"n","generation":"0","size":"1"}`, `"eventType":"OBJECT_FINALIZE"`,
		),
		"no name": push(`{"bucket":"b","generation":"1","size":"1"}`, `"eventType":"OBJECT_FINALIZE"`),
		"a generation in text": push(
			`{"bucket":"b","name":"n","generation":"x","size":"1"}`, `"eventType":"OBJECT_FINALIZE"`,
		),
	} {
		t.Run(name+" is no finalized object", func(t *testing.T) {
			m, err := event.Receive(http.Header{}, []byte(body))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := m.Finalized(); !errors.Is(err, event.ErrMalformed) {
				t.Errorf("err = %v", err)
			}
		})
	}
}

func FuzzReceive(f *testing.F) {
	f.Add([]byte(push(`{}`, `"eventType":"OBJECT_FINALIZE"`)))
	f.Add([]byte(`{"message":null}`))
	f.Fuzz(func(_ *testing.T, body []byte) {
		m, err := event.Receive(http.Header{}, body)
		if err != nil {
			return
		}
		_, _ = m.Finalized()
		if e, err := event.Decode(m.Data); err == nil {
			_, _ = event.As[event.ScanCompletedV1](e)
		}
	})
}

func push(data, attributes string) string {
	return `{"subscription":"projects/p/subscriptions/s","message":{"data":"` + b64(data) +
		`","attributes":{` + attributes + `},"messageId":"42","publishTime":"2026-11-21T12:30:00Z"}}`
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }
