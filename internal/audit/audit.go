// Package audit keeps what was done to accounts, and by whom: audit/{id}, one document an act. An
// act is written in the transaction of what it records, so that neither is there without the
// other. It is created and never changed; the sweep deletes it after schema.AuditLife.
//
// # Who is who
//
// An act has no name, no address and no uid. A person is a keyed pseudonym, of which there are two
// kinds:
//
//   - The subject's is the HMAC of their [Link], 128 random bits in users/{uid}. The acts are found
//     by the key and the document: the export does so, for the user. Erasure deletes the document
//     with the link. Then neither the key nor the uid leads to the acts, which stay to show that
//     something was done. A HMAC of the uid would not do, since uids are known elsewhere, and with
//     the key they could be tried. A backup has the link for as long as it has the account
//     (schema.RestorableLife).
//   - The pseudonym of the staff is the HMAC of their uid. They are to answer for what they did, so
//     it does not go with an account of theirs.
//
// What a user does themselves has the subject's pseudonym as its actor. [Act.Object] is hashed
// together with the subject's link, as ids of events and reports are made of uids.
//
// After a rotation of the key, acts bear pseudonyms by the secret of their time. [Book.About] looks
// for those by each secret of the ring, so an earlier one can be dropped after schema.AuditLife.
//
// # Repetitions
//
// An act with a [Act.Key] has the same id whenever it is written, by whichever secret: the id is a
// hash of the kind, the link, which is random enough to need no key, and the parts of Key. A
// transaction that runs again, or a second delivery, so writes one act or fails. What can be asked
// for twice looks with [Book.Written] first.
//
// # How to add a kind
//
// A constant and its row in kinds. The package that acts has a *Book and calls [Book.Write] in its
// transaction, or [Book.Add] before it shows what it reads. The function needs keys.ForAudit in its
// row of internal/catalog.
package audit

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/schema"
)

// docSchema is the version of audit/{id}. Version 1 had the uids of staff and user.
const docSchema = 2

// Link leads from a user to the acts about them: see the package's doc. "" leads
// to none, as that of a user from before there were links.
type Link string

// NewLink returns a link of a user who has none.
func NewLink() Link { return Link(rand.Text()) }

// Kind is what was done.
type Kind string

// The kinds of acts, a closed list.
const (
	// Registered is the creation of an account.
	Registered Kind = "account.registered"
	// ConsentGranted and ConsentWithdrawn are the user's decisions on the consent.
	ConsentGranted   Kind = "consent.granted"
	ConsentWithdrawn Kind = "consent.withdrawn"
	// ErasureAsked begins the erasure of an account, and ErasureDone ends it.
	ErasureAsked Kind = "erasure.asked"
	ErasureDone  Kind = "erasure.done"
	// UserRead is a look of staff at the state of an account.
	UserRead Kind = "user.read"
	// ReportsListed is a look of staff at the queue of reported names.
	ReportsListed Kind = "reports.listed"
	// ReportDismissed and NameBarred are decisions on a reported name.
	ReportDismissed Kind = "report.dismissed"
	NameBarred      Kind = "name.barred"
	// Banned, BanLifted, Quarantined and Released change the standing of an account.
	Banned      Kind = "account.banned"
	BanLifted   Kind = "account.ban-lifted"
	Quarantined Kind = "account.quarantined"
	Released    Kind = "account.released"
)

// kinds are all there are. Those that are true have a subject.
var kinds = map[Kind]bool{
	Registered: true, ConsentGranted: true, ConsentWithdrawn: true, ErasureAsked: true, ErasureDone: true,
	UserRead: true, ReportsListed: false, ReportDismissed: true, NameBarred: true,
	Banned: true, BanLifted: true, Quarantined: true, Released: true,
}

// By is who acts.
type By string

// The values of By.
const (
	// ByUser is the subject.
	ByUser By = "user"
	// ByStaff is one of the staff, by the API.
	ByStaff By = "staff"
	// ByService is the service on its own.
	ByService By = "service"
	// ByOperator is who runs a command of scripts with the rights of the project.
	ByOperator By = "operator"
)

// Actor is who did an act.
type Actor struct {
	by   By
	uid  string
	role httpapi.Role
}

// Actors without a name.
var (
	User     = Actor{by: ByUser}
	Service  = Actor{by: ByService}
	Operator = Actor{by: ByOperator}
)

// Staff returns the actor that the caller of a route for staff is.
func Staff(who httpapi.Identity) Actor { return Actor{by: ByStaff, uid: who.UID, role: who.Role} }

// Act is what was done.
type Act struct {
	Kind  Kind
	Actor Actor
	// Subject is whom it was done to, "" for kinds without a subject.
	Subject Link
	// Reason is why, one of a closed list of the kind's own, "" if there is none.
	Reason string
	// Object is the id of what it was done to, beside the user, "" for nothing else. It is stored as a
	// pseudonym.
	Object string
	// Key is what makes the act one of its kind and subject: an act with the same is the same. Without
	// it each act is another one.
	Key []string
	// At is when it was done, the clock's time if it is zero.
	At time.Time
}

// document is audit/{id}.
type document struct {
	Schema int  `firestore:"schema"`
	Kind   Kind `firestore:"kind"`
	By     By   `firestore:"by"`
	// Actor is the pseudonym of the user or the staff, absent for others, and Role the staff's role
	// then.
	Actor string       `firestore:"actor,omitempty"`
	Role  httpapi.Role `firestore:"role,omitempty"`
	// Subject is the user's pseudonym, and Object that of what else it was done to.
	Subject  string    `firestore:"subject,omitempty"`
	Object   string    `firestore:"object,omitempty"`
	Reason   string    `firestore:"reason,omitempty"`
	At       time.Time `firestore:"at"`
	ExpireAt time.Time `firestore:"expireAt"`
}

// Book writes acts and finds those about a user. It is safe for concurrent use.
type Book struct {
	fs  *firestore.Client
	key keys.Ring
	now func() time.Time
}

// New returns a book in the database. key is for keys.ForAudit. now is the clock.
func New(fs *firestore.Client, key keys.Ring, now func() time.Time) *Book {
	return &Book{fs: fs, key: key, now: now}
}

// Errors of acts that cannot be written as they are.
var (
	errKind    = errors.New("the kind of act is not in the list")
	errSubject = errors.New("an act of this kind has a subject, or has none")
	errActor   = errors.New("nobody did the act")
)

func (a Act) check() error {
	about, known := kinds[a.Kind]
	if operated[a.Kind] {
		about, known = a.Subject != "", true
	}
	switch {
	case !known:
		return fmt.Errorf("%w: %q", errKind, a.Kind)
	case about != (a.Subject != ""), a.Actor.by == ByUser && a.Subject == "":
		return fmt.Errorf("%w: %q", errSubject, a.Kind)
	case a.Actor.by == "", (a.Actor.by == ByStaff) != (a.Actor.uid != ""):
		return fmt.Errorf("%w: %q", errActor, a.Kind)
	}
	return nil
}

// id returns the id of the act's document.
func (a Act) id() string {
	if len(a.Key) == 0 {
		return rand.Text()
	}
	return event.ID(slices.Concat([]string{"audit", string(a.Kind), string(a.Subject)}, a.Key)...)
}

// document returns what is stored of the act.
func (b *Book) document(a Act) document {
	at := a.At
	if at.IsZero() {
		at = b.now()
	}
	d := document{
		Schema: docSchema, Kind: a.Kind, By: a.Actor.by, Role: a.Actor.role, Reason: a.Reason,
		At: at.UTC(), ExpireAt: at.UTC().Add(schema.AuditLife),
	}
	if a.Subject != "" {
		d.Subject = b.key.ID(keys.AuditSubject, string(a.Subject))
	}
	switch a.Actor.by {
	case ByUser:
		d.Actor = d.Subject
	case ByStaff:
		d.Actor = b.key.ID(keys.AuditActor, a.Actor.uid)
	case ByService, ByOperator:
	}
	if a.Object != "" {
		d.Object = b.key.ID(keys.AuditObject, string(a.Subject), a.Object)
	}
	return d
}

func (b *Book) acts() *firestore.CollectionRef { return b.fs.Collection("audit") }

// Write has the transaction create the act. It only writes. The commit fails if there is the act
// already.
func (b *Book) Write(tx *firestore.Transaction, a Act) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("write an act: %w", err)
	}
	if err := tx.Create(b.acts().Doc(a.id()), b.document(a)); err != nil {
		return fmt.Errorf("write an act: %w", err)
	}
	return nil
}

// Written reports whether there is the act, which has a key, as the transaction sees it.
func (b *Book) Written(tx *firestore.Transaction, a Act) (bool, error) {
	_, err := tx.Get(b.acts().Doc(a.id()))
	if status.Code(err) == codes.NotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("look for an act: %w", err)
	}
	return true, nil
}

// Add creates an act that belongs to no transaction, such as a look. What is looked at must not be
// shown if it fails, with unavailable.
func (b *Book) Add(ctx context.Context, a Act) error {
	if err := a.check(); err != nil {
		return fmt.Errorf("write an act: %w", err)
	}
	_, err := b.acts().Doc(a.id()).Create(ctx, b.document(a))
	if err != nil && status.Code(err) != codes.AlreadyExists { // by a commit whose answer was lost
		return fault.Wrap(err, fault.CodeUnavailable, "The audit cannot be written: try again.")
	}
	return nil
}

// About returns the query of the acts about the user of the link, by each secret of the key. For
// the link "" there are none, and ok is false.
func (b *Book) About(of Link) (q firestore.Query, ok bool) {
	if of == "" {
		return firestore.Query{}, false
	}
	return b.acts().Where("subject", "in", b.key.IDs(keys.AuditSubject, string(of))), true
}

// Ensure returns the link of the user whose document the transaction has read, and writes a new one
// if it has none, as in documents from before there were links.
func Ensure(tx *firestore.Transaction, user *firestore.DocumentRef, of Link) (Link, error) {
	if of != "" {
		return of, nil
	}
	of = NewLink()
	if err := tx.Update(user, []firestore.Update{{Path: "acts", Value: of}}); err != nil {
		return "", fmt.Errorf("link a user with the acts: %w", err)
	}
	return of, nil
}

// Stored returns what is stored of the act until the time, for the migration of acts.
func (b *Book) Stored(a Act, until time.Time) (any, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("write an act: %w", err)
	}
	d := b.document(a)
	d.ExpireAt = until.UTC()
	return d, nil
}
