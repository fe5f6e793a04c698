package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"image"
	"image/jpeg"
	"io"
	"path"
	"regexp"
	"strings"
	"sync/atomic"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/internal/testphoto"
	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"
)

const (
	password = "correct horse"
	// readers is how many users have scans: one measured by the whole chain, and copies of its
	// document up to history.
	readers = 8
	history = 20
	// birthYear is what everybody declares.
	birthYear = 1990
	// padding makes the tiny photo of direct uploads as long as a photo.
	padding = 340_000
)

// world is the running system with its people.
type world struct {
	*host.Host

	fs              *firestore.Client
	operations      map[string]operation
	run             string // tells this run's names from another's on the same emulators
	addresses       atomic.Uint32
	people, readers []*person
	consent         string // version of the consent text
	erasure         string // capability of one that was asked for
	photo           []byte
	form, formMedia string
}

// person is a user.
type person struct {
	app      *client.Client
	session  api.SignIn
	username string
	scan     string // a completed one
	item     string // in the inbox, read
}

// operation is where an operation is by the contract.
type operation struct{ method, path string }

var pathParameter = regexp.MustCompile(`\{[^}]+\}`)

func (o operation) target(id, query string) string {
	target := pathParameter.ReplaceAllLiteralString(o.path, id)
	if query != "" {
		target += "?" + query
	}
	return target
}

// contractOperations returns all that the contract has, by operationId.
func contractOperations() (map[string]operation, error) {
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		return nil, fmt.Errorf("read the contract: %w", err)
	}
	all := map[string]operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all[op.OperationID] = operation{method, path}
		}
	}
	return all, nil
}

// address returns another client's address at each call, as the load balancer tells it.
func (w *world) address() string {
	n := w.addresses.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

// prepare makes the people.
func prepare(ctx context.Context, h *host.Host, users int, progress io.Writer) (*world, error) {
	w := &world{Host: h, run: strings.ToLower(rand.Text()[:6])}
	var err error
	if w.operations, err = contractOperations(); err != nil {
		return nil, err
	}
	if w.fs, err = database.Open(ctx, h.Process); err != nil {
		return nil, err
	}
	if err := w.makePhotos(ctx); err != nil {
		return nil, err
	}
	steps := terminal.Bar(progress, users, "users")
	w.people = make([]*person, users)
	group, making := errgroup.WithContext(ctx)
	group.SetLimit(readers)
	for i := range w.people {
		group.Go(func() error {
			defer steps.Add(1) //nolint:errcheck // a progress bar
			var err error
			w.people[i], err = w.newPerson(making, i)
			return err
		})
	}
	if err := errors.Join(group.Wait(), steps.Finish()); err != nil {
		return nil, fmt.Errorf("prepare the users: %w", err)
	}
	w.readers = w.people[:min(readers, users)]
	status, err := w.people[0].app.API().GetConsentWithResponse(ctx)
	if err != nil {
		return nil, err
	}
	w.consent = status.JSON200.Current.Version
	return w, w.erase(ctx)
}

// erase has a user ask for the erasure of their account.
func (w *world) erase(ctx context.Context) error {
	leaver := w.newApp("bench-leaver-" + w.run)
	if _, err := leaver.SignUp(ctx); err != nil {
		return err
	}
	phone := api.Registration_Device{ID: "bench", Token: "bench-leaver-" + w.run, Platform: api.DevicePlatformAndroid}
	if err := leaver.Register(ctx, "Leaver", phone); err != nil {
		return err
	}
	asked, err := leaver.API().EraseAccountWithResponse(ctx)
	if err != nil {
		return err
	}
	w.erasure = path.Base(asked.JSON202.ReceiptURL)
	return nil
}

func (w *world) makePhotos(ctx context.Context) error {
	var err error
	if w.photo, err = testphoto.Sample(ctx); err != nil {
		return err
	}
	var tiny bytes.Buffer
	if err := jpeg.Encode(&tiny, image.NewGray(image.Rect(0, 0, 64, 64)), nil); err != nil {
		return fmt.Errorf("encode a photo: %w", err)
	}
	tiny.Write(make([]byte, padding))
	w.form, w.formMedia, err = photoForm(tiny.Bytes())
	return err
}

// newPerson returns a user who is registered and has consented. The first ones have scans, too.
func (w *world) newPerson(ctx context.Context, i int) (*person, error) {
	p := &person{app: w.newApp(fmt.Sprintf("bench-%s-%d", w.run, i)), username: fmt.Sprintf("bench_%s_%d", w.run, i)}
	var err error
	if p.session, err = p.app.SignUp(ctx); err != nil {
		return nil, err
	}
	phone := api.Registration_Device{ID: "bench", Token: "bench-" + p.username, Platform: api.DevicePlatformAndroid}
	if err := p.app.Register(ctx, "Bench", phone); err != nil {
		return nil, err
	}
	if err := errors.Join(p.app.Declare(ctx, birthYear), p.app.Consent(ctx)); err != nil {
		return nil, err
	}
	if i >= readers {
		return p, p.notified(ctx, 1)
	}
	if err := errors.Join(p.app.Username(ctx, p.username), p.app.OptIn(ctx, true)); err != nil {
		return nil, err
	}
	if err := w.scanned(ctx, p, i); err != nil {
		return nil, err
	}
	return p, p.notified(ctx, 2)
}

// scanned has the person's scan measured by the whole chain, and moves it into the past.
func (w *world) scanned(ctx context.Context, p *person, i int) error {
	photo, err := client.Stretch(w.photo, 1+float64(i)/100)
	if err != nil {
		return err
	}
	opened, err := p.app.Open(ctx, "bench", api.UploadRequestContentTypeImageJpeg)
	if err != nil {
		return err
	}
	if err := p.app.Put(ctx, opened.Upload, photo); err != nil {
		return err
	}
	done, err := p.app.AwaitScan(ctx, opened.Scan.ID)
	if err != nil {
		return err
	}
	if done.State != api.ScanStateCompleted {
		return fmt.Errorf("the sample's scan ended as %s", done.State)
	}
	p.scan = done.ID
	return w.copyScan(ctx, done.ID, history-1)
}

// copyScan writes n copies of the scan's document, each a day older than the one before and nothing
// to be swept.
func (w *world) copyScan(ctx context.Context, id string, n int) error {
	snap, err := w.fs.Collection("scans").Doc(id).Get(ctx)
	if err != nil {
		return fmt.Errorf("read the scan: %w", err)
	}
	for day := range n {
		data := snap.Data()
		data["id"], data["sweepAt"], data["content"] = strings.ToLower(rand.Text()), nil, ""
		for _, name := range []string{"createdAt", "updatedAt", "finishedAt"} {
			at, _ := data[name].(time.Time)
			data[name] = at.AddDate(0, 0, -1-day)
		}
		if _, err := w.fs.Collection("scans").Doc(data["id"].(string)).Create(ctx, data); err != nil {
			return fmt.Errorf("copy the scan: %w", err)
		}
	}
	return nil
}

// notified waits until so many notices are in the inbox, the welcome and then the result, and reads
// one.
func (p *person) notified(ctx context.Context, least int) error {
	items, err := client.Poll(ctx, func() ([]api.InboxItem, bool, error) {
		items, err := p.app.Inbox(ctx)
		return items, len(items) >= least, err
	})
	if err != nil {
		return fmt.Errorf("wait for the inbox: %w", err)
	}
	p.item = items[0].ID
	_, err = p.app.API().MarkReadWithResponse(ctx, p.item)
	return err
}

// settle waits until no scan is being analysed and makes every limit unused: what one route did is
// not to slow the next.
func (w *world) settle(ctx context.Context) error {
	_, err := client.Poll(ctx, func() (struct{}, bool, error) {
		busy, err := w.fs.Collection("scans").Where(
			"state", "in", []string{"queued", "processing"},
		).Limit(1).Documents(ctx).GetAll()
		return struct{}{}, len(busy) == 0, err
	})
	if err != nil {
		return fmt.Errorf("wait for the scans' ends: %w", err)
	}
	return w.forgetLimits(ctx)
}

func (w *world) forgetLimits(ctx context.Context) error {
	batch := w.fs.BulkWriter(ctx)
	counts := w.fs.Collection("limits").Where("rule", "!=", "").Documents(ctx)
	defer counts.Stop()
	for {
		snap, err := counts.Next()
		if errors.Is(err, iterator.Done) {
			batch.End()
			return nil
		}
		if err == nil {
			_, err = batch.Delete(snap.Ref)
		}
		if err != nil {
			return fmt.Errorf("forget the limits: %w", err)
		}
	}
}
