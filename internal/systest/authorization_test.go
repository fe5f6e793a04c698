package systest_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"
	"github.com/getkin/kin-openapi/openapi3"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// row is a caller who is refused with the code, by the operations that it concerns.
type row struct {
	name     string
	caller   caller
	code     fault.Code
	concerns func(operation) bool
	askable  func(operation) bool
}

// admitsAll are the operations that ask for a user and not for an account, and why.
var admitsAll = map[string]string{
	"register":             "makes the account",
	"sendVerificationMail": "is about Firebase's user, who may not have an account yet",
	"eraseAccount":         "takes Firebase's user too, who may have no account, and answers the same while it erases",
	"listNameReports":      "is for staff, who need no account",
	"resolveNameReport":    "is for staff, who need no account",
	"changeStanding":       "is for staff, who need no account",
	"lookAtUser":           "is for staff, who need no account",
	"getTop":               "shows everybody the same",
	"listBoards":           "shows everybody the same",
	"listArchives":         "shows everybody the same",
}

// TestAuthorization is the matrix of every operation of the contract and everybody who may be
// refused. Its cells follow from what the contract says of the operation: a new one is in it at
// once, with the contract's examples as its request.
//
// An unverified address has no row: no operation minds (TestContract_namesWhoIsRefused), only mail
// does, which package notify tests. Revoked tokens and disabled users are tried on the operations
// that ask Firebase each time. The others take such a token for 5 minutes, which the Auth emulator
// cannot show, as its client always asks: internal/boot/identity tests that. Sign-ins that were
// ended by the account itself are refused by every operation that reads it.
func TestAuthorization(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	t.Cleanup(cancel)
	s := start(t)
	rows, belongings := s.matrix(ctx, t)
	for _, o := range operations(s.exchanges.doc) {
		for _, r := range rows {
			if !r.askable(o) {
				continue
			}
			t.Run(o.OperationID+" and "+r.name, func(t *testing.T) {
				if o.OperationID == "resetPassword" {
					t.Parallel() // it takes its time on purpose, and refuses none of them
				}
				id, _ := at(belongings, o)
				status, p := r.caller.under(t).ask(ctx, t, o, id)
				if r.concerns(o) != (p.Code == r.code) || status >= 500 {
					t.Errorf("%d %s; refused with %s: want %v", status, p.Code, r.code, r.concerns(o))
				}
			})
		}
		if id, mine := at(belongings, o); mine {
			t.Run(o.OperationID+" and another user", func(t *testing.T) {
				_, stranger := s.under(t).enrolled(ctx, t, "stranger-"+o.OperationID)
				if status, p := stranger.ask(ctx, t, o, id); p.Code != fault.CodeNotFound {
					t.Errorf("%d %s, want not_found", status, p.Code)
				}
			})
		}
	}
}

// matrix makes every caller who is refused, and what belongs to another user.
func (s *system) matrix(ctx context.Context, t *testing.T) ([]row, map[string]string) {
	t.Helper()
	as := func(p person, change func(map[string]any)) caller { return caller{s, p.token(t, change)} }
	outsider := s.newPerson(ctx, t, "outsider")
	revoked, disabled := s.newPerson(ctx, t, "revoked"), s.newPerson(ctx, t, "disabled")
	if err := s.firebase(ctx, t).RevokeRefreshTokens(ctx, revoked.uid); err != nil {
		t.Fatal(err)
	}
	if _, err := s.firebase(ctx, t).UpdateUser(ctx, disabled.uid, new(auth.UserToUpdate).Disabled(true)); err != nil {
		t.Fatal(err)
	}
	erasing, erasingCaller := s.enrolled(ctx, t, "erasing")
	s.change(ctx, t, "users/"+erasing.uid, "state", "erasing")
	// Firebase knows nothing of it, so that no other check hides one that is missing.
	ended, endedCaller := s.enrolled(ctx, t, "signed-out")
	s.change(ctx, t, "users/"+ended.uid, "tokensValidAfter", time.Now().Add(time.Hour))
	_, unasked := s.registered(ctx, t, "unasked")
	_, owner := s.enrolled(ctx, t, "owner")

	user := func(o operation) bool { return asksForUser(o.access) }
	fresh := func(o operation) bool { return asksForUser(o.access) && o.access != httpapi.User }
	forStaff := func(o operation) bool { return o.access == httpapi.Support || o.access == httpapi.Admin }
	forAdmins := func(o operation) bool { return o.access == httpapi.Admin }
	lockedOut := func(o operation) bool { return o.access == httpapi.FreshUser || forStaff(o) }
	listing := func(code fault.Code) func(operation) bool {
		return func(o operation) bool { return user(o) && slices.Contains(codesOf(o.Operation), code) }
	}
	// Those whom an operation does not refuse must not be changed by it, or the next finds another
	// user.
	unchanged := func(code fault.Code) func(operation) bool {
		return func(o operation) bool { return listing(code)(o) || o.method == http.MethodGet }
	}
	// A session is refreshed with another token, which is refused with the same code.
	plain := func(code fault.Code) func(operation) bool {
		return func(o operation) bool { return user(o) || !slices.Contains(codesOf(o.Operation), code) }
	}
	asksFirebase := func(code fault.Code) func(operation) bool {
		return func(o operation) bool { return o.access != httpapi.User && plain(code)(o) }
	}
	return []row{
		{"no token", caller{system: s}, fault.CodeTokenMissing, user, plain(fault.CodeTokenMissing)},
		{"a malformed token", caller{s, "x"}, fault.CodeTokenInvalid, user, plain(fault.CodeTokenInvalid)},
		{
			"another project's token", as(outsider, func(c map[string]any) { c["aud"] = "other" }), fault.CodeTokenInvalid, user,
			plain(fault.CodeTokenInvalid),
		},
		{
			"an expired token", as(outsider, func(c map[string]any) { c["exp"] = 1700000000 }), fault.CodeTokenExpired, user,
			plain(fault.CodeTokenExpired),
		},
		{
			"a revoked token", as(revoked, func(c map[string]any) { c["iat"], c["auth_time"] = 1700000000, 1700000000 }),
			fault.CodeTokenRevoked, fresh, asksFirebase(fault.CodeTokenRevoked),
		},
		{"a disabled user", as(disabled, nil), fault.CodeUserDisabled, fresh, asksFirebase(fault.CodeUserDisabled)},
		{
			"a user who is locked for the erasure", s.lockedOut(ctx, t), fault.CodeUserDisabled, lockedOut,
			asksFirebase(fault.CodeUserDisabled),
		},
		{
			"a user who was deleted at Firebase", s.deletedAtFirebase(ctx, t), fault.CodeTokenInvalid,
			user, func(o operation) bool { return o.access != httpapi.Leaving && plain(fault.CodeTokenInvalid)(o) },
		},
		{
			"a user without account", as(outsider, nil), fault.CodeNotRegistered, listing(fault.CodeNotRegistered),
			unchanged(fault.CodeNotRegistered),
		},
		{
			"a user being erased", erasingCaller, fault.CodeAccountErasing, listing(fault.CodeAccountErasing),
			unchanged(fault.CodeAccountErasing),
		},
		{
			"a user whose sign-ins have ended", endedCaller, fault.CodeTokenRevoked, listing(fault.CodeAccountErasing),
			unchanged(fault.CodeAccountErasing),
		},
		{
			"a user without a role", as(outsider, func(c map[string]any) { c["role"] = "staff" }), fault.CodeRoleRequired,
			forStaff, forStaff,
		},
		{
			"one of the support", as(outsider, func(c map[string]any) { c["role"] = "support" }), fault.CodeRoleRequired,
			forAdmins, forStaff,
		},
		{
			"a user without consent", unasked, fault.CodeConsentRequired, listing(fault.CodeConsentRequired),
			unchanged(fault.CodeConsentRequired),
		},
	}, owner.possessions(ctx, t)
}

func asksForUser(a httpapi.Access) bool {
	return a != httpapi.Public && a != httpapi.Open
}

// lockedOut is a user whose erasure has come as far as to lock them, and who asks with the token
// that asked for it. It stays so for as long as the test takes.
func (s *system) lockedOut(ctx context.Context, t *testing.T) caller {
	t.Helper()
	for i := range 5 {
		signedIn := time.Now().Unix()
		p, _ := s.enrolled(ctx, t, fmt.Sprintf("locked-out-%d", i))
		c := caller{s, p.token(t, func(c map[string]any) { c["auth_time"] = signedIn })}
		c.done(ctx, t, http.MethodDelete, "/v1/me", "")
		if s.heldUp(ctx, t, p.uid) {
			return c
		}
	}
	t.Fatal("the erasures were all quicker than this test")
	return caller{}
}

// heldUp has the user's erasure wait for an hour before its last step, and reports whether it does:
// it may be over before that.
func (s *system) heldUp(ctx context.Context, t *testing.T, uid string) (held bool) {
	t.Helper()
	ref := s.fs.Doc("erasures/" + uid)
	err := s.fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		return tx.Update(ref, []firestore.Update{{Path: "proveAt", Value: time.Now().Add(time.Hour)}})
	})
	if status.Code(err) == codes.NotFound {
		return false
	}
	if err != nil {
		t.Fatal(err)
	}
	s.await(ctx, t, "the erasure to wait, or its end", func() bool {
		snap, err := ref.Get(ctx)
		if status.Code(err) == codes.NotFound {
			return true
		}
		var j erasure.Job
		if err != nil || snap.DataTo(&j) != nil {
			return false
		}
		held = j.Step == erasure.Prove && j.Lease.Token == "" // what claims it from now on finds it early
		return held
	})
	return held
}

// deletedAtFirebase is a user whom the app has deleted by Firebase's SDK. The token still serves
// for asking that the rest be erased, and for nothing else.
func (s *system) deletedAtFirebase(ctx context.Context, t *testing.T) caller {
	t.Helper()
	p, c := s.enrolled(ctx, t, "deleted")
	if err := s.firebase(ctx, t).DeleteUser(ctx, p.uid); err != nil {
		t.Fatal(err)
	}
	c.done(ctx, t, http.MethodDelete, "/v1/me", "")
	return c
}

// What the matrix goes by must be said for each operation.
func TestContract_namesWhoIsRefused(t *testing.T) {
	t.Parallel()
	for _, o := range operations(loadContract(t)) {
		codes, why := codesOf(o.Operation), admitsAll[o.OperationID]
		account := slices.Contains(codes, fault.CodeNotRegistered) && slices.Contains(codes, fault.CodeAccountErasing)
		if user := asksForUser(o.access); account != (user && why == "") {
			t.Errorf(
				"%s: lists not_registered and account_erasing: %v; where it does not, say why in admitsAll", o.OperationID, account,
			)
		}
		for _, code := range codes {
			if strings.Contains(string(code), "verified") {
				t.Errorf("%s: %s needs a row in the matrix: a user whose address is not verified", o.OperationID, code)
			}
		}
		if role := o.Extensions["x-role"]; (role == "support" || role == "admin") != strings.HasPrefix(o.path, "/v1/admin") {
			t.Errorf("%s: its role is %v", o.OperationID, role)
		}
		for _, p := range o.in(openapi3.ParameterInPath) {
			if p.Example == nil {
				t.Errorf("%s: the parameter %s has no example to ask with", o.OperationID, p.Name)
			}
		}
	}
}
