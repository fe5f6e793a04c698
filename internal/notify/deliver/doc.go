// Package deliver sends the messages of package notify.
//
// The inbox item is created with the event's id. Push and e-mail each have a delivery document for
// the event:
//
//	(none) ──claim──► claimed(lease) ──► sent | skipped(reason)
//	                   ▲   │
//	     lease over, ──┘   └─ failed ──► claimed by the next delivery of the event
//	     or failed
//
// Claim and inbox item commit in one transaction that read users/{uid}, and then the message is
// sent. So an event that comes twice, late or at the same time has each effect once, one channel's
// failure does not repeat another's, and the event is retried until all are done. Only a crash
// between sending and writing "sent" may repeat a push or a mail: neither FCM nor SMTP supports
// idempotency. Then Android's tag, apns-collapse-id and the web push topic, each the event's id,
// replace the first push on the device, and the mail has the same Message-ID, which many mail
// stores show once.
package deliver
