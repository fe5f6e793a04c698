package operator

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"

	"cloud.google.com/go/firestore"
	firebase "firebase.google.com/go/v4"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/operate/story"
	"github.com/facescan/facescan/internal/operate/verify"
	"github.com/facescan/facescan/internal/scan"
)

// shownUsers is how many users an answer has at most.
const shownUsers = 200

// userView is a user to choose from. The address is one that was invented on this machine.
type userView struct {
	UID      account.UID   `json:"uid"`
	Email    string        `json:"email,omitempty"`
	Username string        `json:"username,omitempty"`
	State    account.State `json:"state"`
}

// users answers with the users.
func (d *Desk) users(r *http.Request) (any, error) {
	all := []userView{}
	err := d.with(r.Context(), func(t *tools) error {
		docs := t.fs.Collection("users").Limit(shownUsers).Documents(r.Context())
		defer docs.Stop()
		for {
			snap, err := docs.Next()
			if errors.Is(err, iterator.Done) {
				return nil
			}
			var u account.User
			if err == nil {
				err = snap.DataTo(&u)
			}
			if err != nil {
				return fmt.Errorf("list the users: %w", err)
			}
			all = append(all, userView{account.UID(snap.Ref.ID), u.Email, u.Username, u.State})
		}
	})
	return map[string][]userView{"users": all}, err
}

// story answers with what there is of a user: documents by their states, times and versions, and
// objects by their kinds and sizes. The audit keeps each look, as it does those of scripts/admin.
func (d *Desk) story(r *http.Request) (any, error) {
	var told story.Story
	err := d.with(r.Context(), func(t *tools) error {
		acts, err := t.acts()
		if err != nil {
			return err
		}
		app, err := firebase.NewApp(r.Context(), &firebase.Config{ProjectID: t.Project})
		if err != nil {
			return fmt.Errorf("connect to Firebase: %w", err)
		}
		users, err := app.Auth(r.Context())
		if err != nil {
			return fmt.Errorf("connect to Firebase Auth: %w", err)
		}
		teller := &story.Teller{
			Firestore: t.fs, Uploads: t.gcs.Bucket(t.Uploads), Results: t.gcs.Bucket(t.Results), Users: users,
			Acts: acts, By: audit.Operator,
		}
		told, err = teller.OfUser(r.Context(), account.UID(r.PathValue("uid")))
		if errors.Is(err, story.ErrNotFound) {
			return refusal{http.StatusNotFound, err.Error()}
		}
		return err
	})
	return told, err
}

// verify looks for what the stores must not hold.
func (d *Desk) verify(r *http.Request) (any, error) {
	var found *verify.Report
	err := d.with(r.Context(), func(t *tools) (err error) {
		v := &verify.Verifier{
			Firestore: t.fs, Uploads: t.gcs.Bucket(t.Uploads), Results: t.gcs.Bucket(t.Results), Now: t.Now,
		}
		found, err = v.All(r.Context())
		return err
	})
	if err != nil {
		return nil, err
	}
	return struct {
		*verify.Report
		Wrong int `json:"wrong"`
	}{found, found.Wrong()}, nil
}

// counts answers with what the functions have used so far.
func (d *Desk) counts(r *http.Request) (any, error) {
	passed, err := emulator.TrafficOf(r.Context(), os.Getenv(emulator.Firestore.Env()), d.stack.Project)
	if err != nil {
		return nil, err
	}
	used, err := usage(d.stack.PIDs())
	if err != nil {
		return nil, err
	}
	var ended map[string]int64
	err = d.with(r.Context(), func(t *tools) (err error) {
		ended, err = endedScans(r.Context(), t.fs)
		return err
	})
	_, moved := d.moves.since(0)
	return struct {
		Firestore  meter.Traffic    `json:"firestore"`
		Reads      int64            `json:"reads"`
		CPUSeconds float64          `json:"cpuSeconds"`
		MemoryMiB  float64          `json:"memoryMiB"`
		Processes  int              `json:"processes"`
		Scans      map[string]int64 `json:"scans"`
		Moves      int64            `json:"moves"`
	}{passed, passed.Reads() + passed.Listened, used.cpu.Seconds(), used.memoryMiB, used.processes, ended, moved}, err
}

// endedScans counts the scans that have ended, by their states.
func endedScans(ctx context.Context, fs *firestore.Client) (map[string]int64, error) {
	counted := map[string]int64{}
	for _, state := range []scan.State{scan.Completed, scan.Failed} {
		snaps, err := fs.Collection("scans").Where("state", "==", string(state)).Select().Documents(ctx).GetAll()
		if err != nil {
			return nil, fmt.Errorf("count the scans: %w", err)
		}
		counted[string(state)] = int64(len(snaps))
	}
	return counted, nil
}
