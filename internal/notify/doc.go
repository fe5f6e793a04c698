// Package notify defines the notices to users: an event becomes a message of a kind, and the
// message goes to the inbox, to the user's devices as a push (FCM) and to the verified address as
// an e-mail, which is the one that Firebase has at the moment of sending (see package address).
//
//	kind            events                                  push     e-mail   besides
//	welcome         account.registered                      on       on
//	scan_completed  scan.completed, series.settled          on       on       paced; wakes the phone
//	scan_failed     scan.failed                             on       on       wakes the phone
//	personal_best   personal-best.reached                   on       -        paced
//	rank_changed    rank-changed                            on       off      once a day
//	export_ready    export.ready                            on       on
//	account_erased  account.erasure-requested               -        always   sent by package erase
//	security        device.added, password.changed          always   always   a push an hour at most
//
// [Rules] is that table, with what else depends on the kind. A user chooses for each kind and
// channel, or a channel as a whole, and may keep quiet hours. [Rule.Verdict] decides by all of it
// at the moment of sending: a message is sent, deferred or not sent. Messages that were deferred to
// one time become one [Digest] for each channel. Of a series there is one message, when it first
// settles, and none of its single photos.
//
// Texts are in English and German, by the user's locale. A score is called a percentile and never
// stands without its interval. The message of an event without one, as before 2026-11-29, omits
// the number, and so does every message to a user who hides scores; what is in the inbox already
// stays as it is. No text has words of a user.
//
// A mail that can be turned off has a link that does it ([Unsubscriber]), in its text and, for mail
// programs, in its header (RFC 8058). DKIM must sign that header; it is the mail server's.
//
// The inbox is authoritative, the other channels are hints. When a scan or series is deleted
// (scan.deleted, series.deleted), its messages are deleted from the inbox and no further ones are
// sent. The same happens when the result of a series changes that was already sent.
//
// Package deliver sends the messages, package inbox shows them, and [Sweeper] has what is due
// delivered.
package notify
