package deploy

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/testphoto"
)

// after returns the checks of what apply made: one event goes all the way through Pub/Sub's signed
// push into Firestore, and one photo through the whole system.
func (c *cloud) after() []check {
	return []check{
		{
			"domain", c.checkDomain,
			"set the A record of " + c.variable("domain") + " to the address that `deploy output` prints, and run doctor again",
		},
		{
			"signed push", c.checkPush,
			"read the log of facescan-sweep: gcloud run services logs read facescan-sweep --project=" + c.project,
		},
		{"probe scan", c.checkProbe, "read the problem's requestId in the logs of the function that answered"},
	}
}

// How long the sweep may take to appear, including a cold start and one failed attempt, and how
// often it is checked.
const (
	pushTimeout = 3 * time.Minute
	pushPoll    = 3 * time.Second
)

// checkPush requests a sweep and waits until the sweep has written its lease in Firestore. That
// needs the topic, the subscription's signed push, the function's check of the signature, its start
// and its access to Firestore.
func (c *cloud) checkPush(ctx context.Context) (string, error) {
	if c.dry {
		return "", skip("the fake delivers nothing")
	}
	message, err := sweepMessage()
	if err != nil {
		return "", err
	}
	before, err := c.leaseWritten(ctx)
	if err != nil {
		return "", err
	}
	started := time.Now()
	publish := map[string]any{"messages": []map[string]any{{"data": message}}}
	if err := c.google.call(
		ctx, pubsubAPI, http.MethodPost, "projects/"+c.project+"/topics/"+sweepTopic+":publish", publish, nil,
	); err != nil {
		return "", fmt.Errorf("publish to %s: %w", sweepTopic, err)
	}
	if err := c.awaitLease(ctx, before); err != nil {
		return "", err
	}
	return fmt.Sprintf("published, pushed and swept in %.0f s", time.Since(started).Seconds()), nil
}

func (c *cloud) awaitLease(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	tick := time.NewTicker(pushPoll)
	defer tick.Stop()
	for {
		written, err := c.leaseWritten(ctx)
		if err == nil && written.After(before) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no sweep within %s of asking for one: %w", pushTimeout, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// leaseWritten returns when limits/sweep was last written, the zero time if never.
func (c *cloud) leaseWritten(ctx context.Context) (time.Time, error) {
	var doc struct {
		UpdateTime time.Time `json:"updateTime"`
	}
	path := "projects/" + c.project + "/databases/(default)/documents/limits/sweep"
	err := c.google.call(ctx, firestoreAPI, http.MethodGet, path, nil, &doc)
	if refused := new(apiError); errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return time.Time{}, nil
	}
	return doc.UpdateTime, err
}

const probeTimeout = 3 * time.Minute

// checkProbe scans the sample photo as an existing account that has consented and is verified.
func (c *cloud) checkProbe(ctx context.Context) (string, error) {
	password := os.Getenv("FACESCAN_PROBE_PASSWORD")
	switch {
	case c.dry:
		return "", skip("the fake runs no functions")
	case c.options.probe == "" || password == "":
		return "", skip(
			"no account to do it with: give -probe E-MAIL and FACESCAN_PROBE_PASSWORD of one that has agreed to the analysis",
		)
	}
	outputs, err := c.outputs(ctx)
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	started := time.Now()
	state, err := probe(ctx, &client.Client{URL: outputs["api_url"], Email: c.options.probe, Password: password})
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%s in %.0f s", state, time.Since(started).Seconds()), nil
}

// probe uploads the sample photo and waits for the result.
func probe(ctx context.Context, client *client.Client) (state string, err error) {
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		return "", err
	}
	if _, err := client.Login(ctx); err != nil {
		return "", fmt.Errorf("log in: %w", err)
	}
	opened, err := client.Open(ctx, fmt.Sprintf("probe-%d", time.Now().UnixNano()), api.UploadRequestContentTypeImageJpeg)
	if err != nil {
		return "", fmt.Errorf("open the upload: %w", err)
	}
	if opened.Upload == nil {
		return "", errors.New("the API gave no ticket for a new upload")
	}
	if err := client.Put(ctx, opened.Upload, photo); err != nil {
		return "", fmt.Errorf("upload: %w", err)
	}
	done, err := client.AwaitScan(ctx, opened.Scan.ID)
	if err != nil {
		return "", fmt.Errorf("wait for the result: %w", err)
	}
	if done.State != api.ScanStateCompleted {
		return "", fmt.Errorf("the scan ended as %s", done.State)
	}
	return string(done.State), nil
}
