// Package deliver sends the messages of package notify.
//
// The inbox item is created with the event's id. Each channel of the event has a leg in the record
// users/{uid}/deliveries/{eventID}:
//
//	pending ──claim──► claimed(lease) ──► sent | skipped(reason)
//	   │                ▲   │   │
//	   │    lease over ─┘   │   └─► failed(class, nextAt) ──► claimed by the event's next delivery
//	   │                    │
//	   └──► deferred(nextAt) ◄┘ the provider asks for a long wait
//	             │  ▲
//	       sweep ▼  │ failed, with growing pauses, up to 20 times
//	          claimed(lease, batch) ──► sent | suppressed(reason) | failed(class)
//
// The claim, the inbox item and what the claim depends on commit in one transaction that read
// users/{uid}, and then the message is sent. What the user has set at that moment counts. So an
// event that comes twice, late or at the same time has each effect once, one channel's failure does
// not repeat another's, and the event is retried until all are done. Only a crash between sending
// and writing "sent" may repeat a push or a mail: neither FCM nor SMTP supports idempotency. Then
// Android's tag, apns-collapse-id and the web push topic, each the event's or the digest's id,
// replace the first push on the device, and the mail has the same Message-ID, which many mail
// stores show once.
//
// Quiet hours, pacing and long waits defer a leg. Pub/Sub cannot wait that long: it delivers 20
// times, 600 s apart at most. The sweep finds the records that are due and publishes
// delivery.due.v1 for their users, so that only the function notify has the rights to send. What is
// due of a user and channel becomes one message, each part of which is checked anew.
//
// # What a fault does
//
//	fault                             the leg                   the user sees
//	FCM 404 UNREGISTERED, 403 SENDER_ID_MISMATCH
//	                                  sent; the device goes     the push on the other devices
//	FCM 400 for one token             sent; the device goes     the push on the other devices
//	                                  after three messages
//	FCM 400 for the push itself       failed(payload); the      the inbox item
//	                                  event is parked
//	FCM 429, 500, 503                 failed until Retry-After, the push later; the devices that
//	                                  or deferred               had it do not get it again
//	FCM 401, 403 for our account      failed(auth), alarm       the push once operators have acted
//	connection lost, time-out         failed(network, timeout)  one push; a repetition replaces it
//	SMTP 4xx, greylisting             failed(class)             the mail later, once
//	SMTP 5xx at RCPT                  skipped(address_refused)  the inbox item
//	SMTP 5xx at MAIL or DATA          skipped(mail_refused)     the inbox item
//	SMTP 5xx at AUTH                  failed(auth), alarm       the mail once operators have acted
//	connection lost after DATA        failed(unknown)           one mail, or two with one Message-ID
//	no verified address               skipped(no_verified_email) the inbox item
//	no device                         skipped(no_devices)       the inbox item
//	a text fails in one language      sent, alarm               the English text
//	a zone is not known any more      as in UTC, alarm          quiet hours by UTC
//	process killed while sending      claimed until the lease   the message, at most twice
//	                                  is over
//	attempts used up                  failed(class); the event  the inbox item; operators redrive
//	                                  is a dead letter
//	the sweep's attempts used up      failed(class); the event  the inbox item; operators redrive
//	                                  is parked
package deliver
