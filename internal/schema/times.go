package schema

import "time"

const day = 24 * time.Hour

// How long things are kept. What expireAt bounds is not shown from that moment on, however late it
// is deleted. Scans, series, reports and board entries stay until their owner removes them, and so
// does the score of a deleted scan in its owner's rating.
//
//	what                        kept                     by
//	a finished scan's photo     24 h, or as its user     sweep
//	                            wants: 0 to 7 d
//	an unfinished scan's photo  7 d, then failed         sweep
//	any photo                   8 d                      bucket lifecycle, the backstop
//	a deleted scan's hashed id  8 d, in a rating         sweep
//	an owed event               until published          sweep, after 60 s
//	a parked event              30 d                     sweep, TTL on expireAt
//	inbox and deliveries        90 d                     sweep, TTL on expireAt
//	when notices were sent      3 d                      sweep, TTL on expireAt
//	a device                    270 d unseen             sweep, TTL on expireAt
//	a quota's count             its window               sweep, TTL on expireAt
//	a username given up         30 d                     sweep, TTL on expireAt
//	a username that was barred  1 y                      sweep, TTL on expireAt
//	a report of a username      90 d                     sweep, TTL on expireAt
//	an act in the audit         400 d                    sweep, TTL on expireAt
//	an export                   24 h                     sweep; bucket lifecycle, the backstop
//	a receipt of erasure        30 d                     sweep, TTL on expireAt
//	a tombstone of an erasure   30 d                     bucket lifecycle
//	or a withdrawal
//	our logs                    30 d                     Cloud Logging
//	a refused request's line    7 d                      Cloud Logging
//	an erasure under way        until proven             sweep drives it on
//	an account whose Firebase   1 to 2 d, then erased    sweep looks for each user once a day
//	user is gone
const (
	// TicketLife is how long an upload URL can be used.
	TicketLife = 15 * time.Minute
	// LatePhotos is how long after the last ticket a photo may still arrive: the ticket's life, and
	// ten minutes for an upload that began at its end. It is far longer than a lease, so no analysis
	// outlasts it either.
	LatePhotos = TicketLife + 10*time.Minute
	// OriginalLife is how long a finished scan's photo is kept unless its user chose otherwise, and
	// how often the sweep checks that choice.
	OriginalLife = day
	// StuckLife is how long an unfinished scan's photo is kept.
	StuckLife = 7 * day
	// InboxLife is how long a notification is shown and kept.
	InboxLife = 90 * day
	// DeliveryLife is how long a delivery is kept: longer than any redelivery or redrive of its event.
	DeliveryLife = 90 * day
	// DeviceLife is how long a device is kept that does not renew its token. FCM then considers it
	// dead.
	DeviceLife = 270 * day
	// UsernameLife is how long a name that was given up is reserved for its last owner.
	UsernameLife = 30 * day
	// BarredLife is how long a name that an administrator took away is kept from all users.
	BarredLife = 365 * day
	// NameReportLife is how long a report of a username is kept.
	NameReportLife = 90 * day
	// AuditLife is how long the audit keeps an act: a year, and some weeks for the yearly look at
	// it.
	AuditLife = 400 * day
	// ParkedLife is how long an event is kept for an operator.
	ParkedLife = 30 * day
	// ExportLife is how long an export is kept, first from its request and then from its completion.
	ExportLife = day
	// ReceiptLife is how long a receipt is available, and how long erased/ has the account.
	ReceiptLife = 30 * day
	// DeletionLinkLife is how long the link in a mail deletes an account, from its request.
	DeletionLinkLife = 30 * time.Minute
	// LogLife is how long logs are kept at most, and RequestLogLife those lines that have the
	// address and the path of a request. Terraform sets both.
	LogLife        = 30 * day
	RequestLogLife = 7 * day
	// RestorableLife is how long deleted documents can be restored: the reach of the database's
	// backups and of its point-in-time recovery, which Terraform sets.
	RestorableLife = 7 * day
	// TombstoneLife is how long it is kept that an account was erased or a consent withdrawn. That
	// outlives what can be restored by more than three weeks, in which a restored database may wait
	// for the replay, and make backups of its own.
	TombstoneLife = RestorableLife + 23*day
)

// Residual is a copy out of our reach and how long the last of it may remain after an erasure.
type Residual struct {
	What string
	Days int
}

// Residuals are in the order of receipts and the deletion page. The first eight, except for the
// parked events, are set by Terraform: terraform/checks compares each with what it plans. A dead
// letter was retried for at most 7 days before it became one, and is kept for 31. Of requests
// Google's own lines are kept only where Cloud Armor objects, or while operators look for a fault.
// The last two are stated by Google:
// the Cloud Data Processing Addendum, 6.1 (deletion by the customer: as soon as practicable and
// within 180 days), for what we delete in Firestore and Cloud Storage and have no soft delete or
// versions of; and https://firebase.google.com/support/privacy (authentication data of a deleted
// user is removed from live and backup systems within 180 days).
var Residuals = []Residual{
	{"point-in-time recovery of the database", int(RestorableLife / day)},
	{"backups of the database", int(RestorableLife / day)},
	{"messages in topics, which bear ids, numbers and sealed addresses", 7},
	{"messages that could not be delivered, which bear the same", 38},
	{"events kept for an operator because they could not be read", int(ParkedLife / day)},
	{"logs, which bear a keyed hash of the id", int(LogLife / day)},
	{"logs of requests that looked like an attack, or of all while a fault is looked for, which bear address " +
		"and path", int(RequestLogLife / day)},
	{"notes under a keyed hash of the id, to erase what a restored backup brings back", int(TombstoneLife / day)},
	{"what was done to the account and when, under a pseudonym to which nothing leads any more", int(AuditLife / day)},
	{"Google's own copies of what was deleted from database and storage, which we cannot read", 180},
	{"Firebase Authentication's live and backup systems", 180},
}
