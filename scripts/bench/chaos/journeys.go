package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
)

// looks is how many photos with a face there are.
const looks = 6

// cohort is the users of one run.
type cohort struct {
	n      int
	people []*person
	// again is how many requests they repeated.
	again atomic.Int64
}

// person is a user of one kind, named by kind and round.
type person struct {
	*client.Client

	world  *world
	cohort *cohort
	kind   kind
	name   string
	uid    string
	// scans are the ids of the scans by the keys that they were opened under.
	mu    sync.Mutex
	scans map[string]string
	// receipt is where the receipt of an erasure is.
	receipt string
}

// days is how many days the users are there: of fewer than three, none is seen on a board.
const days = 3

// kind is what a user does on each of the days, after they have joined.
type kind struct {
	name string
	on   func(p *person, day int) []func(context.Context) error
}

// first returns the steps on the first day, and none on the others.
func first(steps func(*person) []func(context.Context) error) func(*person, int) []func(context.Context) error {
	return func(p *person, day int) []func(context.Context) error {
		if day > 0 {
			return nil
		}
		return steps(p)
	}
}

var kinds = []kind{
	{"ranks", func(p *person, day int) []func(context.Context) error {
		all := []func(context.Context) error{p.scan(fmt.Sprintf("day%d", day), day, api.ScanStateCompleted)}
		if day == 0 { // its photo is the first once more
			all = append(all, p.scan("again", 0, api.ScanStateCompleted))
		}
		return all
	}},
	{"fails", first(func(p *person) []func(context.Context) error {
		return []func(context.Context) error{
			p.scan("good", 2, api.ScanStateCompleted), p.scan("broken", -1, api.ScanStateFailed),
		}
	})},
	{"series", first(func(p *person) []func(context.Context) error {
		return []func(context.Context) error{p.series(3, 4)}
	})},
	{"deletes", first(func(p *person) []func(context.Context) error {
		return []func(context.Context) error{
			p.scan("gone", 2, api.ScanStateCompleted), p.remove("gone"), p.scan("kept", 5, api.ScanStateCompleted), p.export,
		}
	})},
	{"erases", first(func(p *person) []func(context.Context) error {
		return []func(context.Context) error{p.scan("gone", 3, api.ScanStateCompleted), p.erase}
	})},
	{"withdraws", first(func(p *person) []func(context.Context) error {
		return []func(context.Context) error{p.scan("gone", 4, api.ScanStateCompleted), p.withdraw}
	})},
}

// newCohort returns the users of a run, who have not signed up yet.
func (w *world) newCohort(n, rounds int) *cohort {
	c := &cohort{n: n}
	for round := range rounds {
		for _, k := range kinds {
			p := &person{world: w, cohort: c, kind: k, name: fmt.Sprintf("%s%d", k.name, round), scans: map[string]string{}}
			p.Client = w.app(n, fmt.Sprintf("%s.c%d", p.name, n))
			c.people = append(c.people, p)
		}
	}
	return c
}

// walk has the users do what they do, all at the same time on each of the days. They go on until
// one of them cannot.
func (c *cohort) walk(ctx context.Context, w *world) error {
	for day := range days {
		if day > 0 {
			if err := w.MoveClock(24 * time.Hour); err != nil {
				return err
			}
		}
		group, walking := errgroup.WithContext(ctx)
		for _, p := range c.people {
			group.Go(func() error {
				if err := p.live(walking, day); err != nil {
					return fmt.Errorf("%s on day %d: %w", p.name, day, err)
				}
				return nil
			})
		}
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// live does what the user does on the day.
func (p *person) live(ctx context.Context, day int) error {
	all := p.kind.on(p, day)
	if len(all) == 0 {
		return nil
	}
	enter := p.join
	if day > 0 { // the sign-in of the day before is over
		enter = func(ctx context.Context) error {
			return p.persist(ctx, func() error {
				_, err := p.Login(ctx)
				return err
			})
		}
	}
	return steps(ctx, append([]func(context.Context) error{enter}, all...)...)
}

// steps does one after the other until one fails.
func steps(ctx context.Context, all ...func(context.Context) error) error {
	for _, step := range all {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

// persist does it as an app does that wants it done.
func (p *person) persist(ctx context.Context, do func() error) error {
	again, err := client.Persist(ctx, do)
	p.cohort.again.Add(int64(again))
	return err
}

// join signs up and joins the leaderboard. Of a sign-up whose answer was lost the next one is
// refused, and the user logs in.
func (p *person) join(ctx context.Context) error {
	err := p.persist(ctx, func() error {
		in, err := p.SignUp(ctx)
		if client.StatusOf(err) == http.StatusConflict {
			in, err = p.Login(ctx)
		}
		p.uid = in.UID
		return err
	})
	if err != nil {
		return fmt.Errorf("sign up: %w", err)
	}
	name := strings.ReplaceAll(fmt.Sprintf("%s_%d", p.name, p.cohort.n), ".", "_")
	phone := api.Registration_Device{ID: "phone", Token: "phone-of-" + p.Email, Platform: api.DevicePlatformAndroid}
	for _, step := range []struct {
		what string
		do   func() error
	}{
		{"verify the address", func() error { return p.VerifyEmail(ctx) }},
		{"register", func() error { return p.Register(ctx, name, phone) }},
		{"declare the birth year", func() error { return p.Declare(ctx, 1990) }},
		{"consent", func() error { return p.Consent(ctx) }},
		{"take the name", func() error { return p.Username(ctx, name) }},
		{"opt in", func() error { return p.OptIn(ctx, true) }},
	} {
		if err := p.persist(ctx, step.do); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// scan scans a photo, number -1 being none, and waits for the end, which must be the state.
func (p *person) scan(key string, photo int, want api.ScanState) func(context.Context) error {
	return func(ctx context.Context) error {
		var opened api.OpenedScan
		err := p.persist(ctx, func() (err error) {
			opened, err = p.Open(ctx, key, api.UploadRequestContentTypeImageJpeg)
			return err
		})
		if err != nil {
			return fmt.Errorf("open the scan %s: %w", key, err)
		}
		p.know(key, opened.Scan.ID)
		if err := p.put(ctx, opened.Upload, photo); err != nil {
			return fmt.Errorf("put the photo of %s: %w", key, err)
		}
		var done api.Scan
		err = p.persist(ctx, func() (err error) {
			done, err = p.AwaitScan(ctx, opened.Scan.ID)
			return err
		})
		if err == nil && done.State != want {
			err = fmt.Errorf("it has ended as %s, not %s", done.State, want)
		}
		if err != nil {
			return fmt.Errorf("the scan %s, %s: %w", key, opened.Scan.ID, err)
		}
		return nil
	}
}

func (p *person) know(key, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.scans[key] = id
}

// put puts the photo. A precondition that fails means that an earlier attempt arrived, whose answer
// was lost.
func (p *person) put(ctx context.Context, t *api.UploadTicket, photo int) error {
	file := []byte{0xff, 0xd8, 0xff}
	if photo >= 0 {
		file = p.world.photos[photo]
	}
	return p.persist(ctx, func() error {
		if t == nil {
			return nil // its photo was there when the scan was opened once more
		}
		err := p.Put(ctx, t, file)
		if client.StatusOf(err) == http.StatusPreconditionFailed {
			return nil
		}
		return err
	})
}

// series takes a series of the photos.
func (p *person) series(photos ...int) func(context.Context) error {
	return func(ctx context.Context) error {
		var opened api.OpenedSeries
		err := p.persist(ctx, func() (err error) {
			opened, err = p.OpenSeries(ctx, "series", api.SeriesRequestContentTypeImageJpeg, len(photos))
			return err
		})
		if err != nil {
			return fmt.Errorf("open the series: %w", err)
		}
		group, putting := errgroup.WithContext(ctx)
		for i, u := range opened.Uploads {
			group.Go(func() error { return p.put(putting, &u.Upload, photos[i]) })
		}
		if err := group.Wait(); err != nil {
			return fmt.Errorf("put the photos of the series: %w", err)
		}
		err = p.persist(ctx, func() error {
			done, err := p.AwaitSeries(ctx, opened.Series.ID)
			if err == nil && done.State != api.SeriesStateCompleted {
				return fmt.Errorf("it has ended as %s", done.State)
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("the series: %w", err)
		}
		return nil
	}
}

// remove deletes a scan. One that is gone was deleted by a request whose answer was lost.
func (p *person) remove(key string) func(context.Context) error {
	return func(ctx context.Context) error {
		return p.persist(ctx, func() error {
			err := p.Do(ctx, http.MethodDelete, "/v1/scans/"+p.scans[key])
			if client.StatusOf(err) == http.StatusNotFound {
				return nil
			}
			return err
		})
	}
}

func (p *person) export(ctx context.Context) error {
	return p.persist(ctx, func() error {
		e, err := p.AwaitExport(ctx)
		if err != nil {
			return err
		}
		_, err = p.Download(ctx, e)
		return err
	})
}

func (p *person) withdraw(ctx context.Context) error {
	return p.persist(ctx, func() error {
		_, err := p.API().WithdrawConsentWithResponse(ctx, nil)
		return err
	})
}

// erase erases the account and waits for the receipt. An account that is being erased was so by a
// request whose answer was lost, and the next one says where the receipt is, too.
func (p *person) erase(ctx context.Context) error {
	err := p.persist(ctx, func() error {
		asked, err := p.Erase(ctx)
		if err == nil {
			p.receipt = asked.ReceiptURL
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("erase: %w", err)
	}
	_, err = client.Poll(ctx, func() (struct{}, bool, error) {
		var there bool
		err := p.persist(ctx, func() (err error) {
			_, there, err = p.Receipt(ctx, p.receipt)
			return err
		})
		return struct{}{}, there, err
	})
	if err != nil {
		return fmt.Errorf("wait for the receipt: %w", err)
	}
	return nil
}
