// Package signin implements sign-up, login, refresh, password reset and the verification mail, for
// apps that do not use the Firebase SDK. It delegates all of it to Identity Toolkit, the service
// behind Firebase Auth, and neither stores nor logs passwords. It is separate from account so that
// only the function register links it.
//
// Login, refresh and reset do not reveal who has an account: answers, headers and what is read and
// written are the same. Sign-up does, as it must to be useful (409 email_exists), but only a
// limited number of times an hour for one client.
//
// # Guessing a password
//
// A login counts if it fails, by the rules in rules.go. It is counted before Identity Toolkit is
// asked and given back when the password was right or could not be checked, so that many at once do
// not pass the limits together. A process that dies in between leaves one failure too many, for an
// hour at most. There are three kinds of callers, and none can use up what another has:
//
//   - A client that has signed in to the mailbox before shows the token that it got then. The
//     tokens are the device cookies of OWASP's "Slow Down Online Guessing Attacks with Device
//     Cookies": each has failures of its own, wherever it calls from. A token is sealed, bound to
//     the mailbox and good for 180 days. One that is not valid is ignored.
//   - Strangers to the mailbox share the failures of the mailbox. One network has a part of them,
//     so that it takes several to use up all. An address that tries many mailboxes has a limit for
//     all.
//   - Strangers whose request bears a valid App Check token have failures beside those. They need
//     App Check to be on ("monitor" is enough). A token of a real phone can be copied and used for
//     as long as it lasts; that uses up these failures and no others.
//
// A caller whose own failures are used up is treated as the next kind, a stranger in the end. So no
// number of strangers keeps an owner out who uses a client of before, and at most 100 of their
// guesses at one mailbox reach Identity Toolkit in any hour, by the time at which they come in.
//
// A person who once knew the password may have kept tokens. They allow [LoginsOfAllKnown] guesses
// an hour, and can use up what the owner's clients have together, which are then strangers.
//
// An owner on a new client may meet 429 with Retry-After while strangers guess: of a quarter of an
// hour at most if those are elsewhere, of an hour if they are in the owner's own network. As a new
// quarter begins, so does the race for its failures. What works meanwhile: a client of before, the
// app with App Check, another network if only the own one is used up, and the Firebase SDK. The
// mail that resets the password comes too, but a new password does not make the client known. Who
// is signed in stays so.
//
// # Mails that reset the password
//
// After any request that is accepted (202), a mail that was asked for at most five minutes ago is
// on its way or in the mailbox, if there was an enabled user with that verified address then and
// Firebase took the mail. It need not be the request's own: in each five minutes strangers cause
// one mail, and its link serves the owner like any other. So no stranger can have an owner's mail
// swallowed, and strangers cause at most 12 mails an hour to a mailbox. A client of before has
// mails of its own beside those. The exceptions are a mail whose link was used already, and a
// process that dies before it has sent the mail: wait five minutes.
//
// A stranger in the owner's network can have the owner refused there (429). Then a mail of the last
// 35 minutes is in the mailbox. Only an address that asked for the mails of 30 mailboxes within the
// hour is refused without one.
//
// # Which promise holds at which door
//
// Anybody can call Identity Toolkit itself with the web API key, which every app contains. What is
// said above holds for the routes of this package alone:
//
//   - Whether an account exists is hidden there by the project's enumeration protection.
//   - Guesses are limited there by Identity Toolkit's own throttle, of accounts and addresses,
//     whose numbers are not published. Our limits are no stricter version of it, but keep what
//     comes through us small. While it holds an account (TOO_MANY_ATTEMPTS_TRY_LATER), passwords
//     are refused at all doors, ours and clients of before included. That is answered with 429.
//     Setting a new password by the mail ends it, as its message says.
//   - Mails, sign-ups, the quality of passwords and second factors are the project's settings.
//
// The throttle and the settings are not tested here: the Auth emulator has neither.
package signin
