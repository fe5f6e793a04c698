package deploy

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/testphoto"
)

// after returns the checks of what apply made: one event goes all the way through Pub/Sub's signed
// push into Firestore, and one photo through the whole system.
func (c *cloud) after() []doctor.Check {
	sweep := c.prefix() + "-sweep"
	return []doctor.Check{
		{Name: "functions", Run: c.checkFunctions, Mend: "read the build's log that the console links, and deploy again"},
		{Name: "domain", Run: c.checkDomain},
		{
			Name: "client address", Run: c.checkClient,
			Mend: "deploy again, or have your own balancer set " + httpapi.HeaderClient + ": see terraform/README.md",
		},
		{
			Name: "signed push", Run: c.checkPush,
			Mend: "read the log: gcloud run services logs read " + sweep + " --project=" + c.project + " --region=" + c.region(),
		},
		{
			Name: "probe scan", Run: c.checkProbe,
			Mend: "read the problem's requestId in the logs of the function that answered",
		},
	}
}

// checkFunctions checks that the newest revision of each function serves it.
func (c *cloud) checkFunctions(ctx context.Context) (string, error) {
	states, err := c.services().States(ctx)
	switch {
	case errors.Is(err, gcp.ErrNoFake):
		return "", doctor.Skip(err.Error())
	case err != nil:
		return "", err
	case len(states) == 0:
		return "", doctor.Skip("nothing was applied yet")
	}
	if lacking := doctor.Lacking(slices.Collect(maps.Keys(states)), functionNames()); len(lacking) > 0 {
		return "", fmt.Errorf("%s are not there", strings.Join(lacking, ", "))
	}
	if to := pinned(states); len(to) > 0 {
		return "", doctor.Warn("deploy rollback -env "+c.env+" -latest, or deploy again",
			"%d of %d are rolled back to an earlier revision", len(to), len(states))
	}
	return fmt.Sprintf("%d, each at its latest revision", len(states)), nil
}

// lookup resolves a host. Tests replace it.
var lookup = func(ctx context.Context, host string) ([]string, error) {
	return net.DefaultResolver.LookupHost(ctx, host)
}

// checkDomain checks that the domain points at the load balancer. That is the operator's to do, and
// the deployment is complete without it.
func (c *cloud) checkDomain(ctx context.Context) (string, error) {
	domain := c.variable("domain")
	if c.off("edge_enabled") {
		return "", doctor.Skip("edge_enabled is false")
	}
	outputs, err := c.outputs(ctx)
	if err != nil {
		return "", err
	}
	address := outputs["api_address"]
	switch {
	case address == "":
		return "", doctor.Skip("nothing was applied yet, so there is no address")
	case c.variable("dns_zone") != "":
		return "its record is in " + c.variable("dns_zone") + "; the certificate is issued within the hour", nil
	}
	record := fmt.Sprintf("set this record: %s A %s. The certificate is issued within the hour after that; "+
		"then deploy again, which turns the alerts on", domain, address)
	if c.dry {
		return "", doctor.ToDo(record, "in a dry run nothing serves %s", domain)
	}
	if err := pointsAt(ctx, domain, address); err != nil {
		return "", doctor.ToDo(record, "%v", err)
	}
	return address, nil
}

// pointsAt fails unless the domain's only addresses are this one.
func pointsAt(ctx context.Context, domain, address string) error {
	found, err := lookup(ctx, domain)
	if err != nil {
		return fmt.Errorf("%s has no A record yet; it has to point at %s: %w", domain, address, err)
	}
	if !slices.Contains(found, address) || len(found) > 1 {
		return fmt.Errorf("%s points at %s and has to point at %s alone", domain, strings.Join(found, ", "), address)
	}
	return nil
}

// outputs returns apply's outputs as texts.
func (c *cloud) outputs(ctx context.Context) (map[string]string, error) {
	tf, err := c.main(ctx)
	if err != nil {
		return nil, err
	}
	all, err := tf.Output(ctx)
	if err != nil {
		return nil, fmt.Errorf("terraform output: %w", err)
	}
	return texts(all), nil
}

func texts(outputs map[string]tfexec.OutputMeta) map[string]string {
	all := map[string]string{}
	for name, o := range outputs {
		all[name] = text(o)
	}
	return all
}

// How long the sweep may take to appear, including a cold start and one failed attempt, and how
// often it is checked.
const (
	pushTimeout = 3 * time.Minute
	pushPoll    = 3 * time.Second
)

// checkPush requests a sweep and waits until a sweep has logged its end. That needs the topic, the
// subscription's signed push, the function's check of the signature, its start and its access to
// Firestore. It reads the log since the deployer may read no document.
func (c *cloud) checkPush(ctx context.Context) (string, error) {
	if c.dry {
		return "", doctor.Skip("the fake delivers nothing")
	}
	message, err := sweepMessage()
	if err != nil {
		return "", err
	}
	before, err := c.lastSwept(ctx)
	if err != nil {
		return "", err
	}
	started := time.Now()
	publish := map[string]any{"messages": []map[string]any{{"data": message}}}
	topic := c.prefix() + "-" + sweepTopic
	if err := c.google.Call(
		ctx, gcp.PubSub, http.MethodPost, "projects/"+c.project+"/topics/"+topic+":publish", publish, nil,
	); err != nil {
		return "", fmt.Errorf("publish to %s: %w", topic, err)
	}
	if err := c.awaitSweep(ctx, before); err != nil {
		return "", err
	}
	return fmt.Sprintf("published, pushed and swept in %.0f s", time.Since(started).Seconds()), nil
}

func (c *cloud) awaitSweep(ctx context.Context, before time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, pushTimeout)
	defer cancel()
	tick := time.NewTicker(pushPoll)
	defer tick.Stop()
	for {
		swept, err := c.lastSwept(ctx)
		if err == nil && swept.After(before) {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("no sweep within %s of asking for one: %w", pushTimeout, errors.Join(ctx.Err(), err))
		case <-tick.C:
		}
	}
}

// lastSwept returns when the newest sweep of the last hour logged its end, the zero time if none
// did: https://cloud.google.com/logging/docs/reference/v2/rest/v2/entries/list
func (c *cloud) lastSwept(ctx context.Context) (time.Time, error) {
	var found struct {
		Entries []struct {
			Timestamp time.Time `json:"timestamp"`
		} `json:"entries"`
	}
	filter := fmt.Sprintf(
		`resource.type="cloud_run_revision" resource.labels.service_name="%s-sweep"
		jsonPayload.message="swept" timestamp>="%s"`,
		c.prefix(), time.Now().Add(-time.Hour).UTC().Format(time.RFC3339),
	)
	ask := map[string]any{
		"resourceNames": []string{"projects/" + c.project}, "filter": filter, "orderBy": "timestamp desc", "pageSize": 1,
	}
	err := c.google.Call(ctx, gcp.Logging, http.MethodPost, "entries:list", ask, &found)
	if err != nil || len(found.Entries) == 0 {
		return time.Time{}, err
	}
	return found.Entries[0].Timestamp, nil
}

const probeTimeout = 3 * time.Minute

// checkProbe scans the sample photo as an existing account that has consented and is verified.
func (c *cloud) checkProbe(ctx context.Context) (string, error) {
	password := os.Getenv("FACESCAN_PROBE_PASSWORD")
	switch {
	case c.dry:
		return "", doctor.Skip("the fake runs no functions")
	case c.options.probe == "" || password == "":
		return "", doctor.Skip(
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
