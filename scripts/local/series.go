package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
)

// looks is how many photos the demo's series has.
const looks = 3

// takeSeries takes a series of photos, each another look of the journey's, and waits for its
// result, the one notification of it, and its place among what counts on the board.
func (j *journey) takeSeries(ctx context.Context) (api.Series, error) {
	ctx, cancel := context.WithTimeout(ctx, journeyTimeout)
	defer cancel()
	opened, err := j.client.OpenSeries(ctx, "series", api.SeriesRequestContentTypeImageJpeg, looks)
	if err != nil {
		return api.Series{}, fmt.Errorf("open a series: %w", err)
	}
	for i, u := range opened.Uploads {
		photo, err := client.Look(j.photo, i)
		if err != nil {
			return api.Series{}, err
		}
		if err := j.client.Put(ctx, &u.Upload, photo); err != nil {
			return api.Series{}, fmt.Errorf("put photo %d of the series: %w", i+1, err)
		}
	}
	s, err := j.client.AwaitSeries(ctx, opened.Series.ID)
	if err != nil {
		return s, err
	}
	if err := j.notified(ctx, "series.settled"); err != nil || s.Score == nil || j.username == "" {
		return s, err
	}
	return s, j.counted(ctx)
}

func printSeries(w io.Writer, j *journey, s api.Series) error {
	fmt.Fprintf(w, "\n%s: series %s, %s\n", j.username, s.ID, s.State)
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	fmt.Fprintln(t, "  photo\tvalue\t95 % interval\tleft out")
	for i, one := range s.Scans {
		why := ""
		if one.LeftOut != nil {
			why = one.LeftOut.Detail
		}
		if one.Score == nil {
			fmt.Fprintf(t, "  %d\t\t\t%s\n", i+1, why)
			continue
		}
		fmt.Fprintf(t, "  %d\t%.1f\t%.1f to %.1f\t%s\n", i+1, one.Score.Value, one.Score.Lo, one.Score.Hi, why)
	}
	if s.Score != nil {
		fmt.Fprintf(t, "  mean of %d\t%.1f\t%.1f to %.1f\t\n", *s.Photos, s.Score.Value, s.Score.Lo, s.Score.Hi)
	}
	return t.Flush()
}
