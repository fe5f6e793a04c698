package serve

import (
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// NewWatcher returns a watcher of scans in the database.
func NewWatcher(fs *firestore.Client) *longpoll.Watcher[scan.Scan] {
	return longpoll.NewWatcher(fs, decodeExisting)
}

// NewSeriesWatcher returns a watcher of series in the database.
func NewSeriesWatcher(fs *firestore.Client) *longpoll.Watcher[series.Series] {
	return longpoll.NewWatcher(fs, decodeExistingSeries)
}

func decodeExisting(snap *firestore.DocumentSnapshot, err error) (scan.Scan, error) {
	if err == nil && !snap.Exists() {
		return scan.Scan{}, fault.New(fault.CodeNotFound, "There is no such scan any more.")
	}
	s, err := scan.Decode(snap, err)
	if errors.Is(err, scan.ErrNotFound) {
		return s, fault.New(fault.CodeNotFound, "There is no such scan any more.")
	}
	if err != nil {
		return s, fmt.Errorf("watch scan: %w", err)
	}
	return s, nil
}

// decodeExistingSeries is like [decodeExisting] for a series.
func decodeExistingSeries(snap *firestore.DocumentSnapshot, err error) (series.Series, error) {
	s, err := series.Decode(snap, err)
	if errors.Is(err, series.ErrNotFound) {
		return s, fault.New(fault.CodeNotFound, "There is no such series any more.")
	}
	if err != nil {
		return s, fmt.Errorf("watch series: %w", err)
	}
	return s, nil
}
