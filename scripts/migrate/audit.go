package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
)

// errNoAuditKey means that a step needs what the run was not given.
var errNoAuditKey = errors.New("the step needs FACESCAN_KEY_AUDIT")

// openAudit returns the ring of the environment's secret of the audit, the zero ring if there is
// none.
func openAudit(environ func(string) string) (keys.Ring, error) {
	text := environ(keys.ForAudit.Variable())
	if text == "" {
		return keys.Ring{}, nil
	}
	key, err := keys.Parse(keys.ForAudit, text)
	if err != nil {
		return keys.Ring{}, fmt.Errorf("read %s: %w", keys.ForAudit.Variable(), err)
	}
	return key, nil
}

// links gives users what leads to the acts about them. A user who is being erased needs none.
var links = step{
	Name: "audit/links", About: "link the users with the acts about them", Collection: "users",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		u, err := decodeUser(doc)
		return u.Acts == "" && u.State != account.Erasing, err
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		return tx.Update(doc.Ref, []firestore.Update{{Path: "acts", Value: audit.NewLink()}})
	},
}

func decodeUser(doc *firestore.DocumentSnapshot) (account.User, error) {
	var u account.User
	if err := doc.DataTo(&u); err != nil {
		return u, fmt.Errorf("decode it: %w", err)
	}
	return u, nil
}

// formerAct is audit/{id} as the version before wrote it, with the uids of staff and user.
type formerAct struct {
	Schema   int          `firestore:"schema"`
	Actor    string       `firestore:"actor"`
	Role     httpapi.Role `firestore:"role"`
	Action   string       `firestore:"action"`
	UID      account.UID  `firestore:"uid"`
	Of       string       `firestore:"of"`
	At       time.Time    `firestore:"at"`
	ExpireAt time.Time    `firestore:"expireAt"`
}

var formerKinds = map[string]audit.Kind{
	"users.read": audit.UserRead, "reports.list": audit.ReportsListed, "reports.dismiss": audit.ReportDismissed,
	"reports.bar": audit.NameBarred,
}

// pseudonyms takes the uids out of the acts. They expire when they would have. An act about a user
// who is gone gets a pseudonym to which nothing leads, like those of all who are erased.
var pseudonyms = step{
	Name: "audit/acts", About: "put pseudonyms in place of the users' ids in the audit", Collection: "audit",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		version, err := doc.DataAt("schema")
		return version == int64(1), err
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		if tx.audit.Len() == 0 {
			return errNoAuditKey
		}
		var former formerAct
		if err := doc.DataTo(&former); err != nil {
			return fmt.Errorf("decode it: %w", err)
		}
		subject, err := linkOf(tx, former.UID)
		if err != nil {
			return err
		}
		acts := audit.New(tx.fs, tx.audit, func() time.Time { return tx.now })
		stored, err := acts.Stored(audit.Act{
			Kind: formerKinds[former.Action], Actor: audit.Staff(httpapi.Identity{UID: former.Actor, Role: former.Role}),
			Subject: subject, Object: former.Of, At: former.At,
		}, former.ExpireAt)
		if err != nil {
			return fmt.Errorf("the action %q: %w", former.Action, err)
		}
		return tx.Set(doc.Ref, stored)
	},
}

// linkOf returns the user's link, which the step before has made, "" without a user.
func linkOf(tx *tx, uid account.UID) (audit.Link, error) {
	if uid == "" {
		return "", nil
	}
	u, err := account.Read(tx.inner, tx.fs, uid)
	if err != nil && !errors.Is(err, account.ErrNoUser) {
		return "", err
	}
	if u.Acts == "" {
		return audit.NewLink(), nil
	}
	return u.Acts, nil
}
