package signin

import (
	"time"

	"github.com/facescan/facescan/internal/quota"
)

// The limits of logins are of failures. Each of the three kinds of callers has counts of its own,
// which the others cannot use up: see the package's documentation.
//
// Those of strangers to a mailbox are for a quarter of an hour, and any hour touches five of them,
// wherever it begins: so at most 5 x (12 + 8) = 100 of their guesses an hour reach Identity
// Toolkit.
var (
	// LoginsOfKnown is for a client that has signed in to the mailbox before.
	LoginsOfKnown = quota.Rule{Name: "login-known", Max: 10, Window: time.Hour}
	// LoginsOfAllKnown is for all such clients of a mailbox. It limits a person who once knew
	// the password and made many of them.
	LoginsOfAllKnown = quota.Rule{Name: "login-known-mailbox", Max: 100, Window: time.Hour}

	// LoginsToMailbox is for all strangers to the mailbox, LoginsFromNetwork for those in one network,
	// who must not use up what strangers elsewhere need.
	LoginsToMailbox   = quota.Rule{Name: "login-stranger-mailbox", Max: 12, Window: 15 * time.Minute}
	LoginsFromNetwork = quota.Rule{Name: "login-stranger-network", Max: 10, Window: time.Hour}
	// LoginsOfClient is for an address that tries a list of stolen passwords, each of another mailbox.
	// The address can be that of a mobile carrier with thousands of users behind it.
	LoginsOfClient = quota.Rule{Name: "login-stranger-client", Max: 60, Window: 15 * time.Minute}

	// The same for strangers with an App Check token, who are more likely users on a new phone.
	AppLoginsToMailbox   = quota.Rule{Name: "login-app-mailbox", Max: 8, Window: 15 * time.Minute}
	AppLoginsFromNetwork = quota.Rule{Name: "login-app-network", Max: 10, Window: time.Hour}
	AppLoginsOfClient    = quota.Rule{Name: "login-app-client", Max: 60, Window: 15 * time.Minute}
)

// The limits of requests for the mail that resets the password.
var (
	// ResetSlot is for mails that strangers ask for to one mailbox. Its window is the greatest age of
	// a mail because of which no other is sent.
	ResetSlot = quota.Rule{Name: "reset-slot", Max: 1, Window: 5 * time.Minute}
	// ResetsFromNetwork limits strangers in one network who ask for mails to one mailbox. The link in
	// a mail works for an hour, so whom it refuses has one in the mailbox that works for 25 minutes or
	// longer.
	ResetsFromNetwork = quota.Rule{Name: "reset-stranger-network", Max: 3, Window: 30 * time.Minute}
	// ResetsOfClient limits strangers who ask for mails to many mailboxes.
	ResetsOfClient = quota.Rule{Name: "reset-stranger-client", Max: 30, Window: time.Hour}
	// The same for strangers with an App Check token.
	AppResetsFromNetwork = quota.Rule{Name: "reset-app-network", Max: 3, Window: 30 * time.Minute}
	AppResetsOfClient    = quota.Rule{Name: "reset-app-client", Max: 30, Window: time.Hour}
	// ResetsOfKnown and ResetsOfAllKnown limit the clients that have signed in to the mailbox before.
	ResetsOfKnown    = quota.Rule{Name: "reset-known", Max: 3, Window: time.Hour}
	ResetsOfAllKnown = quota.Rule{Name: "reset-known-mailbox", Max: 10, Window: time.Hour}
)

// Other limits. Refreshing has none, as a refresh token cannot be guessed.
var (
	// SignUpsOfClient also limits how many addresses a client can probe for email_exists. It counts
	// all attempts, of all users behind the address.
	SignUpsOfClient = quota.Rule{Name: "signup-client", Max: 60, Window: time.Hour}
	// VerificationsOfUser limits mails to an address that may be another user's.
	VerificationsOfUser = quota.Rule{Name: "verify-user", Max: 5, Window: time.Hour}
)
