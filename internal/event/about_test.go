package event_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
)

func TestAbout(t *testing.T) {
	t.Parallel()
	object := event.ObjectFinalized{Bucket: "b", Name: "uploads/u1/s1", Generation: 1}
	notification, _, err := event.FinalizedMessage(object)
	if err != nil {
		t.Fatal(err)
	}
	ofScan := event.Matter{UID: "u1", ScanID: "s1"}
	for name, tt := range map[string]struct {
		data []byte
		want event.Matter
	}{
		"an event of a scan": {
			encode(t, event.ScanFailedV1{UID: "u1", ScanID: "s1", ConsentEpoch: 3, Code: "no_face"}),
			event.Matter{UID: "u1", ScanID: "s1", ConsentEpoch: 3},
		},
		"an event without an epoch": {
			encode(t, event.ScanVerifyRequestedV1{UID: "u1", ScanID: "s1", Version: 2}), ofScan,
		},
		"an event of an account": {encode(t, event.AccountRegisteredV1{UID: "u1"}), event.Matter{UID: "u1"}},
		"a withdrawal": {
			encode(t, event.ConsentWithdrawnV1{UID: "u1", Epoch: 1}), event.Matter{UID: "u1"},
		},
		"an event about nobody":            {encode(t, event.SweepRequestedV1{}), event.Matter{}},
		"a storage notification":           {notification, ofScan},
		"an object of no user":             {[]byte(`{"name":"readme.txt"}`), event.Matter{}},
		"what is no JSON":                  {[]byte("{"), event.Matter{}},
		"JSON of another shape":            {[]byte(`{"data":"text"}`), event.Matter{}},
		"nothing":                          {nil, event.Matter{}},
		"an object in a folder":            {[]byte(`{"name":"uploads/u1"}`), event.Matter{}},
		"a longer object's name":           {[]byte(`{"name":"results/u1/s1/report.json"}`), ofScan},
		"a uid that is no string":          {[]byte(`{"data":{"uid":1}}`), event.Matter{}},
		"an epoch that is no number":       {[]byte(`{"data":{"consentEpoch":"3","uid":"u1","scanId":"s1"}}`), ofScan},
		"an epoch that is no whole number": {[]byte(`{"data":{"consentEpoch":1e99,"uid":"u1","scanId":"s1"}}`), ofScan},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, event.About(tt.data)); diff != "" {
				t.Errorf("About (-want +got):\n%s", diff)
			}
		})
	}
}
