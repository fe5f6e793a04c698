// Package export gives a user all of their data, as a zip to download:
//
//	POST /v1/me/export ─► exports/{id} = queued ─► account.export-requested ─► export ─► exports/{uid}/{id}.zip
//	GET  /v1/me/export ─► queued | ready with a signed URL | failed
//
//	queued ──► ready ──24 h──► (gone)
//	       └─► failed ─24 h──► (gone)
//
// The zip is streamed from the stores into the bucket and never whole in memory. An interrupted
// attempt leaves nothing, or an object that the next attempt replaces: it overwrites the generation
// that it found and no other, so that a worker that has lost the lease replaces nothing. What does
// not match the user's present consent is not given out: the export is built, stored and shown
// under one consent epoch, which its completion compares with users/{uid} again. The commit that
// completes it owes export.ready.
//
// Erasure deletes the documents by their uid and the objects by their prefix. The sweep requests
// abandoned exports again, and deletes those that are over.
//
// Package build collects the contents of the zips, and package archive writes and verifies them.
// The tests here cover all three.
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
	// ContentType is the media type of an export's object.
	ContentType = "application/zip"
	// linkLife is the longest life of a signed URL. GET signs another one.
	linkLife = 15 * time.Minute
	// firstLook is when the sweep first requests an export again, and the pause before it does so once
	// more.
	firstLook = 2 * time.Minute
	// maxAttempts ends an export that fails repeatedly. With the pauses of its subscription that takes
	// over an hour.
	maxAttempts = 12
)

// State is the state of an export.
type State string

// The states. The last two are final.
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
	// ConsentEpoch is the user's epoch at the last attempt. A later epoch may mean that its contents
	// must be deleted.
	ConsentEpoch int64     `firestore:"consentEpoch"`
	State        State     `firestore:"state"`
	CreatedAt    time.Time `firestore:"createdAt"`
	// ExpireAt is when it is over. It is not read after that.
	ExpireAt time.Time `firestore:"expireAt"`
	// Object is its name in the results bucket, SHA256 its hash in hex and Bytes its size. Both are
	// zero until it is ready.
	Object string `firestore:"object"`
	SHA256 string `firestore:"sha256"`
	Bytes  int64  `firestore:"bytes"`
	// Attempts is the number of attempts. Lease is held by the present one.
	Attempts int        `firestore:"attempts"`
	Lease    work.Lease `firestore:"lease"`
	// SweepAt is when the sweep handles it next.
	SweepAt time.Time `firestore:"sweepAt"`
}

// Errors of [Job.Claim] and [ReadJob].
var (
	// ErrGone means that the export does not exist, or that its user is gone.
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
func ObjectName(uid account.UID, id string) string { return Prefix(uid) + id + ".zip" }

// Prefix returns the prefix of the user's exports in the results bucket.
func Prefix(uid account.UID) string { return "exports/" + string(uid) + "/" }

func (j Job) expired(now time.Time) bool { return !now.Before(j.ExpireAt) }

// Claim takes the export for the token's holder, under the user's present consent. After too many
// attempts the export fails instead, and is over.
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

// Release releases the export for the next attempt.
func (j *Job) Release(now time.Time) {
	j.Lease = work.Lease{}
	j.SweepAt = now.Add(firstLook)
}

// Finish completes the export, whose object has the hash and the size.
func (j *Job) Finish(sha256 string, bytes int64, now time.Time) {
	j.State, j.SHA256, j.Bytes = Ready, sha256, bytes
	j.Lease = work.Lease{}
	j.ExpireAt = now.Add(schema.ExportLife)
	j.SweepAt = j.ExpireAt
}

// current returns the newest of the user's exports that may be shown: not over, and not of an
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
