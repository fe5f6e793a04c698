package signin

import (
	"time"

	"github.com/facescan/facescan/internal/quota"
)

// The limits of routes that need no account. One address can be that of a mobile carrier with
// thousands of users behind it, so the rules for clients are wide; Identity Toolkit throttles a
// single account more closely. Refreshing has no rule, as a refresh token cannot be guessed.
var (
	// SignUpsOfClient also limits how many addresses a client can probe for email_exists.
	SignUpsOfClient = quota.Rule{Name: "signup-client", Max: 60, Window: time.Hour}
	// LoginsOfClient limits a client that tries a list of stolen passwords.
	LoginsOfClient = quota.Rule{Name: "login-client", Max: 60, Window: 15 * time.Minute}
	// LoginsToMailbox limits guessing one user's password from many clients. It is wide enough that
	// locking a user out with it takes effort. Users who are signed in stay so.
	LoginsToMailbox = quota.Rule{Name: "login-mailbox", Max: 50, Window: time.Hour}
	// ResetsOfClient limits mails to many mailboxes.
	ResetsOfClient = quota.Rule{Name: "reset-client", Max: 30, Window: time.Hour}
	// ResetsOfMailbox limits mails to one mailbox. Further ones are dropped silently.
	ResetsOfMailbox = quota.Rule{Name: "reset-mailbox", Max: 3, Window: time.Hour}
	// VerificationsOfUser limits mails to an address that may be another user's.
	VerificationsOfUser = quota.Rule{Name: "verify-user", Max: 5, Window: time.Hour}
)
