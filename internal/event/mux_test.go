package event_test

import (
	"context"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
)

var errHandler = errors.New("of the handler")

func TestMux(t *testing.T) {
	t.Parallel()
	var got []event.Payload
	m := new(event.Mux)
	event.On(m, func(_ context.Context, e event.Event, data event.ScanFailedV1) error {
		if e.ID != "e" || e.Type != data.EventType() {
			t.Errorf("event = %+v", e)
		}
		got = append(got, data)
		return nil
	})
	event.On(m, func(context.Context, event.Event, event.SweepRequestedV1) error { return errHandler })

	failed := event.ScanFailedV1{UID: "u", ScanID: "s", ConsentEpoch: 3, Code: "no_face"}
	tests := []struct {
		name string
		data []byte
		want error
	}{
		{"one with a handler", encoded(t, failed), nil},
		{"one whose handler fails", encoded(t, event.SweepRequestedV1{}), errHandler},
		{"one without a handler", encoded(t, event.AccountUpdatedV1{UID: "u"}), event.ErrMalformed},
		{"no event", []byte("{"), event.ErrMalformed},
		{"one without its data", []byte(
			`{"specversion":"1.0","id":"e","type":"scan.failed.v1","source":"//facescan","data":{}}`), event.ErrMalformed},
	}
	for _, tt := range tests {
		if err := m.Handle(t.Context(), event.Message{Data: tt.data}); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", tt.name, err, tt.want)
		}
	}
	if diff := cmp.Diff([]event.Payload{failed}, got); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"scan-failed-v1", "sweep-requested-v1"}, m.Topics()); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

func TestMux_notifications(t *testing.T) {
	t.Parallel()
	photo := event.ObjectFinalized{Bucket: "b", Name: "n", Generation: 7, Size: 3}
	data, attributes, err := event.FinalizedMessage(photo)
	if err != nil {
		t.Fatal(err)
	}
	var got []event.ObjectFinalized
	notified, other := new(event.Mux), new(event.Mux)
	for _, m := range []*event.Mux{notified, other} {
		event.On(m, func(context.Context, event.Event, event.SweepRequestedV1) error { return errHandler })
	}
	notified.OnFinalized(func(_ context.Context, o event.ObjectFinalized) error {
		got = append(got, o)
		return nil
	})
	requested := event.Message{
		Data:       encoded(t, event.SweepRequestedV1{}),
		Attributes: map[string]string{event.AttributeType: event.SweepRequestedV1{}.EventType()},
	}
	for name, tt := range map[string]struct {
		mux  *event.Mux
		msg  event.Message
		want error
	}{
		"a notification":                   {notified, event.Message{Data: data, Attributes: attributes}, nil},
		"an event beside notifications":    {notified, requested, errHandler},
		"a notification of something else": {notified, event.Message{Data: data}, event.ErrMalformed},
		"a notification without a handler": {other, event.Message{Data: data, Attributes: attributes}, event.ErrMalformed},
	} {
		if err := tt.mux.Handle(t.Context(), tt.msg); !errors.Is(err, tt.want) {
			t.Errorf("%s: error = %v, want %v", name, err, tt.want)
		}
	}
	if diff := cmp.Diff([]event.ObjectFinalized{photo}, got); diff != "" {
		t.Errorf("handled (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"sweep-requested-v1", "upload-finalized"}, notified.Topics()); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

func TestOn_twice(t *testing.T) {
	t.Parallel()
	m := new(event.Mux)
	handle := func(context.Context, event.Event, event.SweepRequestedV1) error { return nil }
	event.On(m, handle)
	defer func() {
		if recover() == nil {
			t.Error("a second handler was taken")
		}
	}()
	event.On(m, handle)
}

func encoded(t *testing.T, data event.Payload) []byte {
	t.Helper()
	e, err := event.New("e", at, "", data)
	if err != nil {
		t.Fatal(err)
	}
	body, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return body
}
