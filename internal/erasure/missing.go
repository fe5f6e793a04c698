package erasure

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

const (
	// lookAfter is, in production, the time from the last check of all users to the next one, and from
	// the first time that a user was found missing to the second check. With the time of a pass and a
	// saga, an account is gone within three days of its user.
	lookAfter = 24 * time.Hour
	// lookPage is the number of users that Firebase Auth is asked for at a time, its maximum. A sweep
	// asks for lookPages of such, so for 1000 users a minute or 1.4 million a day.
	lookPage  = 100
	lookPages = 10
	// lookBudget is how long a sweep works before it leaves the rest to the next. lookTimeout bounds
	// one call.
	lookBudget  = 10 * time.Second
	lookTimeout = 5 * time.Second
	// parallel is the number of users asked for at once.
	parallel = 8
	// witnesses is the number of users of a page from which an answer is not trusted that Firebase
	// Auth has none of them. It is far more likely then that the database was restored beside another
	// project's users, or that the answers were cut.
	witnesses = 50
	// maxUID is the longest uid in bytes that Firebase has.
	maxUID = 128
)

// Missing looks for the Firebase user of each account. It finds the accounts whose user is gone,
// because the app called the SDK's user.delete() or a person deleted it in the console. Without a
// user no one can ask for the erasure, so it is begun here.
//
//	users/{uid} ──no such user──► missingSince ──nor a day later──► account saga
//	                                   └──there again──► (none)
//
// A user counts as missing only if Firebase Auth answers so, for this very uid, twice in a row at
// each of the two checks. An error or a timeout changes nothing, and neither does a first answer
// that has none of many users: the next sweep asks again. A disabled user exists.
//
// Firebase publishes no event of a changed password, but has for each user since when sign-ins are
// valid. So the same look finds that they were ended (see account.Service.NoteSignOut). The user is
// told within a day and the time of a pass. A new installation is told at once.
//
// A pass goes through users/ in the order of the ids, some pages in each sweep, and costs a read
// for each user a day. limits/missing-users has the place where it continues. Second checks are
// found by missingSince and so are on time however long a pass takes.
type Missing struct {
	fs          *firestore.Client
	box         *outbox.Box
	accounts    *account.Service
	acts        *audit.Book
	auth        *auth.Client
	key         keys.Ring
	wait, after time.Duration
	now         func() time.Time
}

// MissingOptions configure a search for missing users.
type MissingOptions struct {
	// Key derives capabilities. It is the key of erase.Consumer.
	Key keys.Ring
	// Wait is parsed by [ParseWait]. It is the wait of erase.Consumer. After replaces the day between
	// two checks, such as "20s", from a second to a day. Only the local stack sets it.
	Wait, After string
	// Acts keeps that an erasure was begun.
	Acts *audit.Book
	// Now is the clock.
	Now func() time.Time
}

// NewMissing returns a search among the database's accounts and Firebase's users, which commits
// sagas with their events by box. It returns an error for bad options.
func NewMissing(fs *firestore.Client, box *outbox.Box, users *auth.Client, opts MissingOptions) (*Missing, error) {
	wait, waitErr := ParseWait(opts.Wait)
	after, afterErr := parseDuration("when to look for users again", opts.After, lookAfter, time.Second)
	if err := errors.Join(waitErr, afterErr); err != nil {
		return nil, err
	}
	return &Missing{
		fs: fs, box: box, accounts: account.New(fs, box, opts.Acts, opts.Now), acts: opts.Acts, auth: users,
		key: opts.Key, wait: wait, after: after, now: opts.Now,
	}, nil
}

// Looks are the numbers of a sweep: the users checked, those found missing for the first time, the
// erasures begun, and the users whose sign-ins were found to have been ended.
type Looks struct {
	Users, Missing, Begun, SignedOut int
}

// errNobody means that an answer is not trusted.
var errNobody = errors.New("the answer has none of several users, so it is not trusted")

// Sweep calls [Missing.Look] and returns the number of users checked.
func (m *Missing) Sweep(ctx context.Context) (looked int, err error) {
	l, err := m.Look(ctx)
	if l.Users > 0 {
		slog.InfoContext(
			ctx, "users looked for", "users", l.Users, "users_missing", l.Missing, "erasures_begun", l.Begun,
			"users_signed_out", l.SignedOut,
		)
	}
	return l.Users, err
}

// Look does the second checks that are due and continues the pass. Its error joins those of both.
func (m *Missing) Look(ctx context.Context) (Looks, error) {
	var l Looks
	until := m.now().Add(lookBudget)
	dueErr := m.lookAgain(ctx, &l)
	return l, errors.Join(dueErr, m.pass(ctx, until, &l))
}

// lookAgain checks the users who were first found missing long enough ago. The query needs the
// index on missingSince, which Firestore makes by itself.
func (m *Missing) lookAgain(ctx context.Context, l *Looks) error {
	due, err := m.users().Where("missingSince", "<=", m.now().UTC().Add(-m.after)).
		OrderBy("missingSince", firestore.Asc).Limit(lookPage).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list missing users: %w", err)
	}
	page := accountsIn(due)
	found, err := m.find(ctx, page)
	if err != nil {
		return fmt.Errorf("look for missing users again: %w", err)
	}
	l.Users += len(page)
	var faults []error
	for _, u := range page {
		if !found.gone[u.uid] {
			faults = append(faults, m.note(ctx, u, firestore.Delete))
			continue
		}
		begun, err := m.begin(ctx, u)
		if begun {
			l.Begun++
		}
		faults = append(faults, err)
	}
	return errors.Join(faults...)
}

// pass checks the users of the next pages and records the missing ones.
func (m *Missing) pass(ctx context.Context, until time.Time, l *Looks) error {
	at, err := m.position(ctx)
	if err != nil {
		return err
	}
	now := m.now().UTC()
	if at.From == "" {
		if now.Before(at.BegunAt.Add(m.after)) {
			return nil
		}
		at.BegunAt = now
	}
	for range lookPages {
		next, err := m.lookFrom(ctx, at.From, l)
		if err != nil {
			return fmt.Errorf("look for users: %w", err)
		}
		at.From = next
		if err := m.keep(ctx, at); err != nil {
			return err
		}
		if next == "" || !m.now().Before(until) {
			return nil
		}
	}
	return nil
}

// lookFrom checks the users of one page and returns where the next begins, "" after the last. A
// user recorded as missing waits for the second check.
func (m *Missing) lookFrom(ctx context.Context, from string, l *Looks) (next string, err error) {
	q := m.users().OrderBy(firestore.DocumentID, firestore.Asc)
	if from != "" {
		q = q.StartAt(from)
	}
	snaps, err := q.Limit(lookPage + 1).Documents(ctx).GetAll() // one more, to find where the next page begins
	if err != nil {
		return "", fmt.Errorf("list users: %w", err)
	}
	if len(snaps) > lookPage {
		next = between(snaps[lookPage-1].Ref.ID, snaps[lookPage].Ref.ID)
		snaps = snaps[:lookPage]
	}
	page := unnoted(accountsIn(snaps))
	found, err := m.find(ctx, page)
	if err != nil {
		return "", err
	}
	if len(found.gone) >= witnesses && len(found.gone) == len(page) {
		return "", fmt.Errorf("ask for %d users: %w", len(page), errNobody)
	}
	l.Users += len(page)
	l.SignedOut += m.noteSignOuts(ctx, page, found.known)
	now := m.now().UTC()
	for _, u := range page {
		if !found.gone[u.uid] {
			continue
		}
		if err := m.note(ctx, u, now); err != nil {
			return "", err
		}
		l.Missing++
	}
	return next, nil
}

// between returns the shortest text above the id last with which next begins: the start of the next
// page. Usually it identifies no user, since what is kept of an account must be deleted with it.
func between(last, next string) string {
	for i := range next {
		if prefix := next[:i]; prefix > last && isID(prefix) {
			return prefix
		}
	}
	return next
}

// isID reports whether Firestore accepts the text as a document's id: not ".", "..", or a reserved
// one like __x__.
func isID(text string) bool {
	return text != "." && text != ".." && !strings.HasPrefix(text, "__")
}

// listed is the part of users/{uid} that is read here.
type listed struct {
	uid   account.UID
	ref   *firestore.DocumentRef
	since time.Time // zero for a user not recorded as missing
	// validAfter is the field tokensValidAfter, zero if it is absent.
	validAfter time.Time
}

// accountsIn returns the accounts of the page that stay. An account is skipped if it is being
// erased, if it cannot be decoded, or if no Firebase user can have its id. It does not stop the
// check of the others.
func accountsIn(snaps []*firestore.DocumentSnapshot) (page []listed) {
	for _, snap := range snaps {
		fields := snap.Data()
		state, _ := fields["state"].(string)
		since, _ := fields["missingSince"].(time.Time)
		validAfter, _ := fields["tokensValidAfter"].(time.Time)
		if account.State(state) != account.Erasing && len(snap.Ref.ID) <= maxUID {
			page = append(page, listed{
				uid: account.UID(snap.Ref.ID), ref: snap.Ref, since: since, validAfter: validAfter,
			})
		}
	}
	return page
}

func unnoted(page []listed) []listed {
	var rest []listed
	for _, u := range page {
		if u.since.IsZero() {
			rest = append(rest, u)
		}
	}
	return rest
}

// answer is what Firebase Auth says of a page: the users of its list, and those that it does not
// have.
type answer struct {
	known map[account.UID]*auth.UserRecord
	gone  map[account.UID]bool
}

// find asks Firebase Auth for the users of the page. Users that its answer lacks are asked for
// again one by one, so that a truncated answer does not count. On any error find returns none.
func (m *Missing) find(ctx context.Context, page []listed) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	ids := make([]auth.UserIdentifier, len(page))
	for i, u := range page {
		ids[i] = auth.UIDIdentifier{UID: string(u.uid)}
	}
	users, err := m.auth.GetUsers(ctx, ids)
	if err != nil {
		return answer{}, fmt.Errorf("ask for %d users: %w", len(ids), err)
	}
	known := map[account.UID]*auth.UserRecord{}
	for _, u := range users.Users {
		known[account.UID(u.UID)] = u
	}
	gone, err := m.confirm(ctx, page, known)
	return answer{known, gone}, err
}

// confirm asks for each user of the page that is not in known.
func (m *Missing) confirm(
	ctx context.Context, page []listed, known map[account.UID]*auth.UserRecord,
) (map[account.UID]bool, error) {
	missing := make([]bool, len(page))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for i, u := range page {
		if known[u.uid] != nil {
			continue
		}
		group.Go(func() error {
			_, err := m.auth.GetUser(ctx, string(u.uid))
			missing[i] = auth.IsUserNotFound(err)
			if err != nil && !missing[i] {
				return fmt.Errorf("ask for a user: %w", err) // the id does not belong in a log
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	gone := map[account.UID]bool{}
	for i, u := range page {
		if missing[i] {
			gone[u.uid] = true
		}
	}
	return gone, nil
}

// note records since when the user is missing, or removes that. It does nothing to an account that
// was erased meanwhile.
func (m *Missing) note(ctx context.Context, u listed, since any) error {
	_, err := u.ref.Update(ctx, []firestore.Update{{Path: "missingSince", Value: since}})
	if err != nil && !store.Overtaken(err) {
		return fmt.Errorf("note a missing user: %w", err)
	}
	return nil
}

// begin begins the erasure of an account that is still recorded as it was read. No user requested
// it, so no one has the receipt's URL, and there is no address to write to.
func (m *Missing) begin(ctx context.Context, u listed) (begun bool, err error) {
	who, at := httpapi.Identity{UID: string(u.uid)}, m.now()
	_, err = request(ctx, m.fs, m.box, m.acts, newAccountJob(who, at, at, m.wait, m.key), func(now account.User) bool {
		return now.State != account.Erasing && now.MissingSince.Equal(u.since)
	})
	if errors.Is(err, errNotMeant) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	slog.InfoContext(ctx, "erasure begun of an account without a user")
	return true, nil
}

// positionDoc is limits/missing-users: the progress of the pass.
type positionDoc struct {
	Schema int `firestore:"schema"`
	// BegunAt is when the pass began, and From where it continues (see [between]), "" when it is over.
	BegunAt time.Time `firestore:"begunAt"`
	From    string    `firestore:"from"`
}

func (m *Missing) users() *firestore.CollectionRef { return m.fs.Collection("users") }

func (m *Missing) ref() *firestore.DocumentRef { return m.fs.Collection("limits").Doc("missing-users") }

func (m *Missing) position(ctx context.Context) (positionDoc, error) {
	snap, err := m.ref().Get(ctx)
	return store.Decode[positionDoc](snap, err, "position of the search for users", nil)
}

func (m *Missing) keep(ctx context.Context, at positionDoc) error {
	at.Schema = docSchema
	if _, err := m.ref().Set(ctx, at); err != nil {
		return fmt.Errorf("write the progress of the search for users: %w", err)
	}
	return nil
}
