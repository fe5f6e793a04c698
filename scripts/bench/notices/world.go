package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
)

// world is what all trials share.
type world struct {
	options
	progress     io.Writer
	stack        *emulator.Stack
	project      string
	fs           *firestore.Client
	auth         *auth.Client
	unsubscriber *notify.Unsubscriber
	function     catalog.Function
	// people is the number of users so far.
	people int
}

// open starts the emulators.
func open(ctx context.Context, o options, progress io.Writer) (*world, error) {
	stack, err := emulator.Start(
		ctx, emulator.Options{Progress: progress, AnyQuery: true}, emulator.Firestore, emulator.Auth,
	)
	if err != nil {
		return nil, err
	}
	w := &world{
		options: o, progress: progress, stack: stack,
		project: "demo-" + strings.ToLower(rand.Text()[:12]), // an emulator that runs already may have other users
	}
	if err := w.connect(ctx); err != nil {
		return nil, errors.Join(err, w.close())
	}
	return w, nil
}

func (w *world) close() (err error) {
	if w.fs != nil {
		err = w.fs.Close()
	}
	return errors.Join(err, w.stack.Close())
}

// connect makes the clients, that of Firestore with the meters of each delivery.
func (w *world) connect(ctx context.Context) (err error) {
	for name, value := range w.stack.Environ() {
		if err := os.Setenv(name, value); err != nil {
			return err
		}
	}
	if w.fs, err = meter.Connect(ctx, w.project, new(meter.Meter).Options()...); err != nil {
		return err
	}
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: w.project})
	if err != nil {
		return fmt.Errorf("make the Firebase app: %w", err)
	}
	if w.auth, err = app.Auth(ctx); err != nil {
		return fmt.Errorf("make the client of Auth: %w", err)
	}
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	ring := keys.NewRing(keys.ForUnsubscribing, key)
	w.unsubscriber, err = notify.NewUnsubscriber("https://api.facescan.example", ring)
	all := catalog.Functions()
	w.function = all[slices.IndexFunc(all, func(f catalog.Function) bool { return f.Name == "notify" })]
	return err
}

// person is a user with the tokens of the devices.
type person struct {
	uid    account.UID
	tokens []string
}

func (p person) address() string { return string(p.uid) + "@example.com" }

// register makes n users with their devices, as Firebase and Firestore know them.
func (w *world) register(ctx context.Context, n, devices int, quiet *account.QuietHours) ([]person, error) {
	people, imports := make([]person, n), make([]*auth.UserToImport, n)
	for i := range people {
		w.people++
		p := person{uid: account.UID(fmt.Sprintf("user-%d", w.people))}
		for d := range devices {
			p.tokens = append(p.tokens, fmt.Sprintf("token-%d-of-%s", d, p.uid))
		}
		people[i] = p
		imports[i] = new(auth.UserToImport).UID(string(p.uid)).Email(p.address()).EmailVerified(true)
		if err := w.save(ctx, p, quiet); err != nil {
			return nil, fmt.Errorf("save a user: %w", err)
		}
	}
	imported, err := w.auth.ImportUsers(ctx, imports)
	if err != nil {
		return nil, fmt.Errorf("import the users: %w", err)
	}
	if imported.FailureCount > 0 {
		return nil, fmt.Errorf("import the users: %s", imported.Errors[0].Reason)
	}
	return people, nil
}

// save saves the user and the devices in one commit.
func (w *world) save(ctx context.Context, p person, quiet *account.QuietHours) error {
	u := account.User{
		Schema: account.UserSchema, UID: p.uid, State: account.Active, ConsentEpoch: 1,
		Consent: account.Consent{Granted: true, Version: terms.Current.Version, Since: 1},
		Email:   p.address(), EmailVerified: true,
	}
	if quiet != nil {
		u.Notifications = &account.Notifications{Push: true, Email: true, Quiet: quiet}
	}
	ref := account.Ref(w.fs, p.uid)
	return w.fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		for i, token := range p.tokens {
			d := device.New(device.Spec{Token: token, Platform: "android"}, noon)
			if err := tx.Set(device.Of(ref).Doc(fmt.Sprintf("device-%d", i)), d); err != nil {
				return err
			}
		}
		return tx.Set(ref, u)
	})
}

// kinds is the number of events of [world.everyKind].
const kinds = 5

// everyKind returns an event of each kind that goes by both channels and that none of the others
// puts off. The scans that they are about are saved.
func (w *world) everyKind(ctx context.Context, p person) ([]*fact, error) {
	uid, id := string(p.uid), string(p.uid)+"-failed"
	if err := w.saveScan(ctx, p.uid, id, scan.Failed); err != nil {
		return nil, err
	}
	result, err := w.result(ctx, p, "completed", noon)
	if err != nil {
		return nil, err
	}
	all := []*fact{result}
	for _, data := range []event.Payload{
		event.ScanFailedV1{UID: uid, ScanID: id, ConsentEpoch: 1, Code: "no_face"},
		event.ExportReadyV1{UID: uid, ExportID: "export", ConsentEpoch: 1, ExpiresAt: noon.AddDate(0, 0, 1)},
		event.DeviceAddedV1{UID: uid, DeviceID: "another", Platform: "ios", AddedAt: noon},
		event.AccountRegisteredV1{UID: uid},
	} {
		f, err := newFact(p, data, uid, noon)
		if err != nil {
			return nil, err
		}
		all = append(all, f)
	}
	return all, nil
}

// result returns the event of a scan that was completed at the time. The scan is saved.
func (w *world) result(ctx context.Context, p person, name string, at time.Time) (*fact, error) {
	id := string(p.uid) + "-" + name
	if err := w.saveScan(ctx, p.uid, id, scan.Completed); err != nil {
		return nil, err
	}
	return newFact(p, event.ScanCompletedV1{
		UID: string(p.uid), ScanID: id, ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: 1, Score: 61,
		Interval: event.Around(48, 73), CompletedAt: at,
	}, id, at)
}

func (w *world) saveScan(ctx context.Context, uid account.UID, id string, state scan.State) error {
	_, err := w.fs.Collection("scans").Doc(id).Set(ctx, scan.Scan{Schema: 1, ID: scan.ID(id), UID: uid, State: state})
	if err != nil {
		return fmt.Errorf("save a scan: %w", err)
	}
	return nil
}
