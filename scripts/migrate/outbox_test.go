package main

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

// heard records the topics of what is published.
type heard struct{ topics []string }

func (h *heard) Publish(_ context.Context, topic string, _ []byte, _ map[string]string) error {
	h.topics = append(h.topics, topic)
	return nil
}

// testdata/outbox.json is what add0075 left of two events that it could not publish.
func TestOutbox(t *testing.T) {
	t.Parallel()
	_, fs := database(t, "outbox.json")
	run := func(owed keys.Ring, dry bool) (string, error) {
		var out strings.Builder
		r := runner{fs: fs, now: func() time.Time { return today }, out: &out, dry: dry, owed: owed}
		err := r.run(t.Context(), signatures)
		return out.String(), err
	}
	var published heard
	sweep := func(at time.Time) error {
		box := outbox.New(fs, &published, testkit.Writer("sweep"), func() time.Time { return at })
		_, err := box.Judging(testkit.Ring(keys.ForOutbox), catalog.MayOwe).Sweep(t.Context(), 0)
		return err
	}
	if err := sweep(today); !errors.Is(err, outbox.ErrUnsigned) || len(published.topics) > 0 {
		t.Errorf("before: %v, published %q", err, published.topics)
	}
	operator := testkit.Writer(catalog.Operator)
	said, err := run(keys.Ring{}, false)
	if !errors.Is(err, errIncomplete) || !strings.Contains(said, errNoSignature.Error()) {
		t.Errorf("without the secret: %v, %s", err, said)
	}
	if said, err := run(operator, true); err != nil || !strings.Contains(said, "2 would be migrated") {
		t.Errorf("dry: %v, %s", err, said)
	}
	said, err = run(operator, false)
	if err != nil || !strings.Contains(said, "for account-registered-v1 is published by this") {
		t.Errorf("%v, %s", err, said)
	}
	if said, err := run(operator, false); err != nil || !strings.Contains(said, " 0 migrated") {
		t.Errorf("again: %v, %s", err, said)
	}
	if err := sweep(today.Add(24 * time.Hour)); err != nil {
		t.Error(err)
	}
	slices.Sort(published.topics)
	if want := []string{"account-registered-v1", "scan-failed-v1"}; !slices.Equal(published.topics, want) {
		t.Errorf("published %q, want %q", published.topics, want)
	}
}
