// Package notify defines the messages to users: an event becomes a message, and the message goes to
// the inbox, to the user's devices as a push (FCM) and to the verified address as an e-mail, which
// is the one that Firebase has at the moment of sending (see package address).
//
//	account.registered       inbox  push   e-mail
//	scan.completed, .failed  inbox  push   e-mail
//	series.settled           inbox  push   e-mail   (the first time; nothing of its single photos)
//	personal-best.reached    inbox  push            (the mail about the scan is enough)
//
// No text has a score without its interval. The message of an event without one, as before
// 2026-11-29, omits the number.
//
// The inbox is authoritative, the other channels are hints. When a scan or series is deleted
// (scan.deleted, series.deleted), its messages are deleted from the inbox and no further ones are
// sent. The same happens when the result of a series changes that was already sent.
//
// Package deliver sends the messages, package inbox shows them.
package notify
