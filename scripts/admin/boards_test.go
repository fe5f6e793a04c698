package main

import (
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/boardtest"
)

func TestBoards(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now()
	people := boardtest.People(20, 2, now)
	err := boardtest.Load(t.Context(), w.fs, people, 2, now, func(int) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	board := leaderboard.AllTime(2).ID()
	wrong := func(want int64, args ...string) {
		t.Helper()
		all := read[[]driftView](t, w, append([]string{"boards"}, args...)...)
		if len(all) != 1 || all[0].Board != board || all[0].Entries != 20 || all[0].Wrong != want {
			t.Errorf("%q: %+v, want %d wrong", args, all, want)
		}
	}
	wrong(0, "drift", "-json")
	_, err = w.fs.Collection("boards").Doc(board).Collection("histogram").Doc("03").Set(t.Context(), map[string]any{
		"counts": map[string]any{"500": firestore.Increment(3)},
	}, firestore.MergeAll)
	if err != nil {
		t.Fatal(err)
	}
	wrong(3, "drift", "-json", "-board", board)
	wrong(3, "rebuild", "-json", "-dry-run")
	wrong(3, "rebuild", "-json")
	wrong(0, "drift", "-json")
	if acts := w.acts(t); acts[audit.BoardRebuilt] != 1 || len(acts) != 1 {
		t.Errorf("acts: %v", acts)
	}

	lost := leaderboard.EntryRef(w.fs, board, people[0].UID)
	if _, err := lost.Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, dry := range []bool{true, false} {
		args := []string{"boards", "rebuild", "-uid", string(people[0].UID)}
		if dry {
			args = append(args, "-dry-run")
		}
		if text, err := w.admin(t, args...); err != nil {
			t.Fatalf("%s, %v", text, err)
		}
		if _, err := lost.Get(t.Context()); (err == nil) == dry {
			t.Errorf("dry %v: the entry: %v", dry, err)
		}
	}
	if acts := w.acts(t); acts[audit.RatingsRebuilt] != 1 {
		t.Errorf("acts: %v", acts)
	}
	for _, args := range [][]string{{"drift", "-board", "\x1b"}, {"rebuild", "-uid", "nobody"}} {
		if text, err := w.admin(t, append([]string{"boards"}, args...)...); err == nil || strings.ContainsRune(text, '\x1b') {
			t.Errorf("%q: %s, %v", args, text, err)
		}
	}
}
