package guard

import (
	"context"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/emulator/emulatortest"
)

// keptOf is a database whose guard remembers a scan of each epoch.
func keptOf(t *testing.T, epochs ...int64) *firestore.Client {
	t.Helper()
	fs, err := firestore.NewClient(t.Context(), emulatortest.UniqueProject(t))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fs.Close() })
	var s State
	for i, epoch := range epochs {
		_, s = Judge(s, string(rune('a'+i)), epoch, Observation{Engine: 1, Hash: []byte{byte(i)}, Ratios: []float64{0.5}})
	}
	inTransaction(t, fs, func(tx *firestore.Transaction) error { return Write(tx, fs, "ada", s) })
	return fs
}

func inTransaction(t *testing.T, fs *firestore.Client, do func(*firestore.Transaction) error) {
	t.Helper()
	err := fs.RunTransaction(t.Context(), func(_ context.Context, tx *firestore.Transaction) error { return do(tx) })
	if err != nil {
		t.Fatal(err)
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
