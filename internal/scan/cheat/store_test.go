package cheat

import (
	"context"
	"fmt"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// keptOf is a database whose guard remembers a scan of each epoch.
func keptOf(t *testing.T, epochs ...int64) *firestore.Client {
	t.Helper()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	var s State
	for i, epoch := range epochs {
		_, s = Judge(s, string(rune('a'+i)), epoch, Observation{Engine: 1, Hash: []byte{byte(i)}, Ratios: []float64{0.5}})
	}
	found := find(t, fs)
	inTransaction(t, fs, func(tx *firestore.Transaction) error { return found.Write(tx, s) })
	return fs
}

func find(t *testing.T, fs *firestore.Client) Found {
	t.Helper()
	found, err := Find(t.Context(), fs, "ada")
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// Of two who found the same state one writes, whether there was a document or not.
func TestFound_isWrittenOverOnce(t *testing.T) {
	t.Parallel()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	for i, want := range []codes.Code{codes.AlreadyExists, codes.FailedPrecondition} {
		one, other := find(t, fs), find(t, fs)
		_, state := Judge(one.State, fmt.Sprint(i), 1, Observation{Engine: 1, Hash: []byte{1}, Ratios: []float64{0.5}})
		inTransaction(t, fs, func(tx *firestore.Transaction) error { return one.Write(tx, state) })
		err := fs.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error {
			return other.Write(tx, State{})
		})
		if status.Code(err) != want {
			t.Errorf("the second: %v, want %v", err, want)
		}
		if diff := cmp.Diff(state, find(t, fs).State); diff != "" {
			t.Errorf("state (-want +got):\n%s", diff)
		}
	}
}

// A scan that could not be looked at is remembered, and is no copy of another such.
func TestJudge_whatWasNotLookedAt(t *testing.T) {
	t.Parallel()
	var s State
	for i := range 3 {
		var reasons []Reason
		if reasons, s = Judge(s, fmt.Sprint(i), 1, Observation{Engine: 1}); len(reasons) > 0 {
			t.Errorf("scan %d: %v", i, reasons)
		}
	}
	seen := Observation{Engine: 1, Hash: make([]byte, hashBits/8), Mirrored: make([]byte, hashBits/8)}
	if reasons, _ := Judge(s, "seen", 1, seen); len(reasons) > 0 || len(s.Entries) != 3 {
		t.Errorf("%v after %d scans", reasons, len(s.Entries))
	}
}

func inTransaction(t *testing.T, fs *firestore.Client, do func(*firestore.Transaction) error) {
	t.Helper()
	err := fs.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error { return do(tx) })
	if err != nil {
		t.Fatal(err)
	}
}

// A memory that lost entries does not pass for a whole one, even when the rest is deleted.
func TestForget_keepsAPartialMemory(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		of     State
		remove func(tx *firestore.Transaction, fs *firestore.Client) error
		want   bool // it is there still
	}{
		"partial": {State{Entries: []Entry{{ScanID: "a", ConsentEpoch: 1}}, Partial: true},
			func(tx *firestore.Transaction, fs *firestore.Client) error { return Forget(tx, fs, "ada", "a") }, true},
		"whole": {State{Entries: []Entry{{ScanID: "a", ConsentEpoch: 1}}},
			func(tx *firestore.Transaction, fs *firestore.Client) error { return Forget(tx, fs, "ada", "a") }, false},
		"partial, and withdrawn": {State{Entries: []Entry{{ScanID: "a", ConsentEpoch: 1}}, Partial: true},
			func(tx *firestore.Transaction, fs *firestore.Client) error {
				_, err := Withdraw(tx, fs, "ada", 1)
				return err
			}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
			found := find(t, fs)
			inTransaction(t, fs, func(tx *firestore.Transaction) error { return found.Write(tx, tt.of) })
			inTransaction(t, fs, func(tx *firestore.Transaction) error { return tt.remove(tx, fs) })
			if left := find(t, fs); left.State.Partial != tt.want || left.at.IsZero() == tt.want {
				t.Errorf("left %+v", left)
			}
		})
	}
}

func TestWithdraw(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		epochs  []int64
		left    []int64
		removed bool
	}{
		"all of it":                        {[]int64{1, 2}, nil, true},
		"what is of before it said so":     {[]int64{0, 0}, nil, true},
		"not what was made since":          {[]int64{0, 1, 2, 4, 5}, []int64{4, 5}, true},
		"nothing, if all was made since":   {[]int64{4}, []int64{4}, false},
		"nothing, if nothing is there yet": {nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs := keptOf(t, tt.epochs...)
			for _, want := range []bool{tt.removed, false} {
				inTransaction(t, fs, func(tx *firestore.Transaction) error {
					removed, err := Withdraw(tx, fs, "ada", 2)
					if removed != want {
						t.Errorf("removed something: %v, want %v", removed, want)
					}
					return err
				})
			}
			s, err := Get(t.Context(), fs, account.UID("ada"))
			var left []int64
			for _, e := range s.Entries {
				left = append(left, e.ConsentEpoch)
			}
			if diff := cmp.Diff(tt.left, left); err != nil || diff != "" {
				t.Errorf("%v, left (-want +got):\n%s", err, diff)
			}
			if snap, _ := ref(fs, "ada").Get(t.Context()); tt.removed && tt.left == nil && snap.Exists() {
				t.Error("an empty document is left")
			}
		})
	}
}
