package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/export/archive"
)

// leaveTimeout bounds an export, and an erasure, which waits for what may still turn up.
const leaveTimeout = 60 * time.Second

// takeAway exports all that is kept of the user, downloads it and verifies it.
func takeAway(ctx context.Context, w io.Writer, j *journey) error {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	ready, err := j.client.AwaitExport(ctx)
	if err != nil {
		return fmt.Errorf("export: %w", err)
	}
	m, err := j.client.Download(ctx, ready)
	if err != nil {
		return fmt.Errorf("download the export: %w", err)
	}
	return printExport(w, j, *ready.Bytes, m)
}

func printExport(w io.Writer, j *journey, size int64, m archive.Manifest) error {
	fmt.Fprintf(w, "\n%s's export, %d bytes, every file as its manifest says\n", j.username, size)
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  file\tbytes")
	for _, e := range m.Entries {
		fmt.Fprintf(t, "  %s\t%d\n", e.Name, e.Bytes)
	}
	return t.Flush()
}

// erase erases the user's account, and verifies the receipt.
func erase(ctx context.Context, w io.Writer, j *journey) error {
	ctx, cancel := context.WithTimeout(ctx, leaveTimeout)
	defer cancel()
	asked, err := j.client.Erase(ctx)
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	r, err := client.Poll(ctx, func() (receipt.Receipt, bool, error) {
		if err := j.host.RequestSweep(ctx); err != nil { // the schedule's would come within a minute
			return receipt.Receipt{}, false, err
		}
		return j.client.Receipt(ctx, asked.ReceiptURL)
	})
	if err != nil {
		return fmt.Errorf("receipt: %w", err)
	}
	fmt.Fprintf(w, "\n%s's account is erased. ", j.username)
	return r.Print(w)
}
