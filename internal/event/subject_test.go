package event_test

import (
	"testing"

	"github.com/facescan/facescan/internal/event"
)

func TestSubject(t *testing.T) {
	t.Parallel()
	notification, _, err := event.FinalizedMessage(event.ObjectFinalized{Bucket: "b", Name: "uploads/u1/s1", Generation: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		data []byte
		want string
	}{
		"an event of ours":        {encode(t, event.ScanFailedV1{UID: "u1", ScanID: "s1", Code: "no_face"}), "u1"},
		"an event about nobody":   {encode(t, event.SweepRequestedV1{}), ""},
		"a storage notification":  {notification, "u1"},
		"an object of no user":    {[]byte(`{"name":"readme.txt"}`), ""},
		"what is no JSON":         {[]byte("{"), ""},
		"JSON of another shape":   {[]byte(`{"data":"text"}`), ""},
		"nothing":                 {nil, ""},
		"an object in a folder":   {[]byte(`{"name":"uploads/u1"}`), ""},
		"a longer object's name":  {[]byte(`{"name":"results/u1/s1/report.json"}`), "u1"},
		"a uid that is no string": {[]byte(`{"data":{"uid":1}}`), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := event.Subject(tt.data); got != tt.want {
				t.Errorf("Subject = %q, want %q", got, tt.want)
			}
		})
	}
}
