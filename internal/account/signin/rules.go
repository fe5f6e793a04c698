package signin

import (
	"time"

	"github.com/facescan/facescan/internal/quota"
)

// How often what needs no account may be tried. One address can be that of a mobile carrier with
// thousands of users behind it, so the rules for clients are wide; Identity Toolkit throttles a
// single account more closely. Refreshing has no rule: a refresh token cannot be guessed.
var (
	// SignUpsOfClient also bounds how many addresses a client can try for email_exists.
	SignUpsOfClient = quota.Rule{Name: "signup-client", Max: 60, Window: time.Hour}
	// LoginsOfClient bounds trying one client's list of stolen passwords.
	LoginsOfClient = quota.Rule{Name: "login-client", Max: 60, Window: 15 * time.Minute}
	// LoginsToMailbox bounds guessing one user's password from many clients. It is wide enough that
	// locking a user out with it takes an effort, and users who are signed in stay so.
	LoginsToMailbox = quota.Rule{Name: "login-mailbox", Max: 50, Window: time.Hour}
	// ResetsOfClient bounds mails to many mailboxes.
	ResetsOfClient = quota.Rule{Name: "reset-client", Max: 30, Window: time.Hour}
	// ResetsOfMailbox bounds mails to one mailbox. What is beyond is dropped without a word.
	ResetsOfMailbox = quota.Rule{Name: "reset-mailbox", Max: 3, Window: time.Hour}
	// VerificationsOfUser bounds mails to an address that may be another user's.
	VerificationsOfUser = quota.Rule{Name: "verify-user", Max: 5, Window: time.Hour}
)
