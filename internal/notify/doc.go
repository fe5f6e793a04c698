// Package notify tells users of what happened: an event becomes a message, and the message goes to
// the inbox, to the user's devices as a push (FCM) and to the verified address as an e-mail, which
// is the one that Firebase has at the moment of sending (see [Address]).
//
//	account.registered       inbox  push   e-mail
//	scan.completed, .failed  inbox  push   e-mail
//	series.settled           inbox  push   e-mail   (the first time; nothing of its single photos)
//	personal-best.reached    inbox  push            (its scan or series has been mailed about already)
//
// No text has a score without its interval. An event that does not carry one, as those of before
// 2026-11-29, is told of without the number.
//
// The inbox is the truth, the others are hints. Its item is created with the event's id. Push and e-mail each
// have a delivery document for the event:
//
//	(none) ──claim──► claimed(lease) ──► sent | skipped(reason)
//	                   ▲   │
//	     lease over, ──┘   └─ failed ──► claimed by the next delivery of the event
//	     or failed
//
// When a scan or series is deleted (scan.deleted, series.deleted), what was said of it goes from the
// inbox, and nothing more is said of it. So it is when the result of a series changes that its user
// was told of.
//
// Claim and inbox item commit in one transaction that read users/{uid}, and then the message is sent. So an event that
// comes twice, late or at the same time has each effect once, one channel's failure does not repeat another's,
// and the event is retried until all are done. Only a crash between sending and writing "sent" may repeat a push or a
// mail: neither FCM nor SMTP knows idempotency. Then Android's tag, apns-collapse-id and the web push topic, each
// the event's id, replace the first push on the device, and the mail has the same Message-ID, which many mail
// stores show once.
package notify
