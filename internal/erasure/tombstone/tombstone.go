// Package tombstone keeps notes of erasures and withdrawals in a bucket of its own, which no
// restore of the database touches. A restored database has the users again who were erased since;
// by their tombstones they are erased again (see package erasure's Replay).
//
// A tombstone is an object, PSEUDONYM/KIND-MICROSECONDS-PHASE.json, or several (see Keep). It is
// never changed: its writer may create objects, and neither read nor replace nor delete them. The
// pseudonym is that of erased/{pseudonym}, a keyed hash of the user's id, and nothing else in it is
// about a person. The bucket's lifecycle deletes it after schema.TombstoneLife.
package tombstone

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path"
	"regexp"
	"strings"
	"sync"
	"time"

	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/googleapi"

	"github.com/facescan/facescan/internal/bucket"
)

// Kind is what was asked for.
type Kind string

// The kinds.
const (
	// Account is the erasure of the account.
	Account Kind = "account"
	// Consent is the withdrawal of a consent.
	Consent Kind = "consent"
)

// Phase is how far it had come.
type Phase string

// The phases. Each has an object of its own: the database may hold the user's data until the end,
// so it is from the end on that a backup with the data grows old.
const (
	Begun Phase = "begun"
	Done  Phase = "done"
)

// Tombstone is the content of an object.
type Tombstone struct {
	Schema int   `json:"schema"`
	Kind   Kind  `json:"kind"`
	Phase  Phase `json:"phase"`
	// At is when the user asked for it. What the user did later is not meant.
	At time.Time `json:"at"`
	// Epoch is the last one of the withdrawn consent, 0 for an account.
	Epoch int64 `json:"epoch,omitempty"`
}

const (
	schema = 1
	// maxBytes is far more than a tombstone has.
	maxBytes = 4096
	// readers is how many tombstones are read at once.
	readers = 16
)

// name returns the object's name.
func (t Tombstone) name(pseudonym string) string { return t.stem(pseudonym) + ".json" }

func (t Tombstone) stem(pseudonym string) string {
	return fmt.Sprintf("%s/%s-%d-%s", pseudonym, t.Kind, t.At.UnixMicro(), t.Phase)
}

// again returns a name that no object has.
func (t Tombstone) again(pseudonym string) string {
	return t.stem(pseudonym) + "-" + strings.ToLower(rand.Text()) + ".json"
}

// Keep writes the tombstone of the user with the pseudonym, unless it is there. written reports
// whether it was not.
//
// To replace an object takes the right to delete it, and Cloud Storage does not say whether it
// looks at that or at the condition first
// (https://cloud.google.com/storage/docs/access-control/iam-permissions). An erasure must not stop
// at a tombstone that it wrote before: what is refused is written once more, under another name.
func Keep(ctx context.Context, in *storage.BucketHandle, pseudonym string, t Tombstone) (written bool, err error) {
	t.Schema, t.At = schema, t.At.UTC()
	body, err := json.Marshal(t)
	if err != nil {
		return false, fmt.Errorf("encode a tombstone: %w", err)
	}
	status, err := write(ctx, in.Object(t.name(pseudonym)), body)
	if status == http.StatusForbidden {
		status, err = write(ctx, in.Object(t.again(pseudonym)), body)
	}
	if status == http.StatusPreconditionFailed {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("write a tombstone: %w", err)
	}
	return true, nil
}

// write creates the object. It returns the status of a refusal.
func write(ctx context.Context, object *storage.ObjectHandle, body []byte) (status int, err error) {
	w := object.If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx)
	w.ContentType, w.ChunkSize = "application/json", 0 // one request
	_, err = w.Write(body)
	err = errors.Join(err, w.Close())
	var api *googleapi.Error
	if errors.As(err, &api) {
		status = api.Code
	}
	return status, err
}

// Exists reports whether the user with the pseudonym has the tombstone.
func Exists(ctx context.Context, in *storage.BucketHandle, pseudonym string, t Tombstone) (bool, error) {
	_, err := in.Object(t.name(pseudonym)).Attrs(ctx)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for a tombstone: %w", err)
	}
	return true, nil
}

// Latest are the last times at which a user asked for things, zero for never.
type Latest struct{ Account, Consent time.Time }

// Read returns the latest tombstones by pseudonym.
func Read(ctx context.Context, in *storage.BucketHandle) (map[string]Latest, error) {
	all := map[string]Latest{}
	var mu sync.Mutex
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for object, err := range bucket.List(ctx, in, "") {
		if err != nil {
			return nil, errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			t, err := read(within, in, object.Name)
			if err != nil {
				return fmt.Errorf("read the tombstone %s: %w", object.Name, err)
			}
			mu.Lock()
			defer mu.Unlock()
			pseudonym := path.Dir(object.Name)
			all[pseudonym] = all[pseudonym].with(t)
			return nil
		})
	}
	return all, group.Wait()
}

// With returns the later times of both.
func (l Latest) With(other Latest) Latest {
	return l.with(Tombstone{Kind: Account, At: other.Account}).with(Tombstone{Kind: Consent, At: other.Consent})
}

func (l Latest) with(t Tombstone) Latest {
	at := &l.Account
	if t.Kind == Consent {
		at = &l.Consent
	}
	if t.At.After(*at) {
		*at = t.At
	}
	return l
}

// ending is that of the names that name and again return.
var ending = regexp.MustCompile(`^(-[a-z2-7]{26})?\.json$`)

// errForeign means that this version did not write the object.
var errForeign = errors.New("it is no tombstone of this version")

func read(ctx context.Context, in *storage.BucketHandle, name string) (Tombstone, error) {
	var t Tombstone
	object, err := in.Object(name).NewReader(ctx)
	if err != nil {
		return t, err
	}
	body, err := io.ReadAll(io.LimitReader(object, maxBytes))
	if err := errors.Join(err, object.Close()); err != nil {
		return t, err
	}
	if err := json.Unmarshal(body, &t); err != nil {
		return t, fmt.Errorf("%w: %w", errForeign, err)
	}
	pseudonym, _, _ := strings.Cut(name, "/")
	rest, own := strings.CutPrefix(name, t.stem(pseudonym))
	if t.Schema != schema || t.Kind != Account && t.Kind != Consent || !own || !ending.MatchString(rest) {
		return t, errForeign
	}
	return t, nil
}
