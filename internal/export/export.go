// Package export hands a user what is kept of them, as a zip to download:
//
//	POST /v1/me/export ─► exports/{id} = queued ─► account.export-requested ─► export ─► exports/{uid}/{id}.zip
//	GET  /v1/me/export ─► queued | ready with a signed URL | failed
//
//	queued ──► ready ──24 h──► (gone)
//	       └─► failed ─24 h──► (gone)
//
// The zip is streamed from the stores into the bucket and never whole in memory. An attempt that
// breaks off leaves nothing, or an object that the next attempt replaces: it writes over the
// generation that it found and no other, so that a worker that has lost the lease replaces nothing.
// Whatever is not the newest word of the user's consent is not given out: the export is made, kept
// and shown under one consent epoch, and its end asks users/{uid} for that again.
//
// Erasure deletes the documents by their uid and the objects by their prefix. The sweep asks for
// abandoned exports again, and deletes those that are over.
//
// Package build makes the zips, and package archive writes and verifies them. The tests here go
// through all three.
package export

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/work"
)

const (
	docSchema = 1
	// ContentType is that of an export's object.
	ContentType = "application/zip"
	// linkLife is the longest that a signed URL is good for; GET signs another.
	linkLife = 15 * time.Minute
	// firstLook is when the sweep first asks for an export again, and how long it waits before it does
	// so again.
	firstLook = 2 * time.Minute
	// maxAttempts ends an export that fails again and again. With the pauses of its subscription that
	// takes over an hour.
	maxAttempts = 12
)

// State is how far an export is.
type State string

// The states; the last two are ends.
const (
	Queued State = "queued"
	Ready  State = "ready"
	Failed State = "failed"
)

// Job is exports/{id}: one export.
type Job struct {
	Schema int         `firestore:"schema"`
	ID     string      `firestore:"id"`
	UID    account.UID `firestore:"uid"`
	// ConsentEpoch is the user's when it was last begun: a later one may mean that what it holds must
	// go.
	ConsentEpoch int64     `firestore:"consentEpoch"`
	State        State     `firestore:"state"`
	CreatedAt    time.Time `firestore:"createdAt"`
	// ExpireAt is when it is over; it is not read from then on.
	ExpireAt time.Time `firestore:"expireAt"`
	// Object is its name in the results bucket, SHA256 its hash in hex and Bytes its size, both zero
	// until it is ready.
	Object string `firestore:"object"`
	SHA256 string `firestore:"sha256"`
	Bytes  int64  `firestore:"bytes"`
	// Attempts is how often making it was begun, Lease who does.
	Attempts int        `firestore:"attempts"`
	Lease    work.Lease `firestore:"lease"`
	// SweepAt is when the sweep looks at it next.
	SweepAt time.Time `firestore:"sweepAt"`
}

// Errors of [Job.Claim] and [ReadJob].
var (
	// ErrGone means that there is no such export, or no user any more to make it for.
	ErrGone = errors.New("there is no such export")
	// ErrOver means that the export has ended.
	ErrOver = errors.New("the export is over")
)

func newJob(id string, u account.User, now time.Time) Job {
	return Job{
		Schema: docSchema, ID: id, UID: u.UID, ConsentEpoch: u.ConsentEpoch, State: Queued, CreatedAt: now,
		ExpireAt: now.Add(schema.ExportLife), Object: ObjectName(u.UID, id), SweepAt: now.Add(firstLook),
	}
}

// ObjectName returns the name of an export's object, below the prefix that erasure empties.
func ObjectName(uid account.UID, id string) string {
	return "exports/" + string(uid) + "/" + id + ".zip"
}

func (j Job) expired(now time.Time) bool { return !now.Before(j.ExpireAt) }

// Claim takes the export for the token's holder, under the user's present consent. One that was
// begun too often fails instead, and is over.
func (j *Job) Claim(token string, epoch int64, now time.Time) error {
	if j.State != Queued || j.expired(now) {
		return ErrOver
	}
	lease := j.Lease
	if err := lease.Take(token, now, work.LeaseTime); err != nil {
		return err
	}
	if j.Attempts >= maxAttempts {
		j.State, j.SweepAt = Failed, j.ExpireAt
		return ErrOver
	}
	j.Attempts++
	j.ConsentEpoch = epoch
	j.Lease = lease
	j.Renew(now)
	return nil
}

// Renew extends the lease.
func (j *Job) Renew(now time.Time) {
	j.Lease.Renew(now)
	j.SweepAt = j.Lease.Until.Add(firstLook)
}

// Release gives it up for the next attempt.
func (j *Job) Release(now time.Time) {
	j.Lease = work.Lease{}
	j.SweepAt = now.Add(firstLook)
}

// Finish ends the export, whose object has the hash and the size.
func (j *Job) Finish(sha256 string, bytes int64, now time.Time) {
	j.State, j.SHA256, j.Bytes = Ready, sha256, bytes
	j.Lease = work.Lease{}
	j.ExpireAt = now.Add(schema.ExportLife)
	j.SweepAt = j.ExpireAt
}

// current returns the newest of the user's exports that may be shown: it is not over, and not of an
// earlier consent.
func current(all []Job, u account.User, now time.Time) (Job, error) {
	all = slices.DeleteFunc(slices.Clone(all), func(j Job) bool {
		return j.expired(now) || j.State == Ready && j.ConsentEpoch != u.ConsentEpoch
	})
	if len(all) == 0 {
		return Job{}, ErrGone
	}
	return slices.MaxFunc(all, func(a, b Job) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.ID, b.ID))
	}), nil
}
