// Package notify has what users are told: an event becomes a message, and the message goes to the
// inbox, to the user's devices as a push (FCM) and to the verified address as an e-mail, which is
// the one that Firebase has at the moment of sending (see package address).
//
//	account.registered       inbox  push   e-mail
//	scan.completed, .failed  inbox  push   e-mail
//	series.settled           inbox  push   e-mail   (the first time; nothing of its single photos)
//	personal-best.reached    inbox  push            (the mail about the scan is enough)
//
// No text has a score without its interval. An event that does not carry one, as those of before
// 2026-11-29, is told of without the number.
//
// The inbox is the truth, the others are hints. When a scan or series is deleted (scan.deleted,
// series.deleted), what was said of it goes from the inbox, and nothing more is said of it. So it
// is when the result of a series changes that its user was told of.
//
// Package deliver sends the messages, package inbox shows them.
package notify
