package retention

// Collections is the closed list of Firestore collections, by their last name: no other holds data of ours. Whatever
// must reach all of a user's data (erasure, export, the rules, the schema checker) goes by this list, and a test
// fails when code names a collection that is not in it.
var Collections = []string{
	// users/{uid} and below it: all of it is the user's own.
	"users",
	"consents",
	"devices",
	"inbox",
	"deliveries",
	"ratings",
	"guard",
	"series",
	"friends",
	// usernames/{key} and scans/{scanID} carry the uid as a field.
	"usernames",
	"scans",
	// boards/{board} and below it; entries/{uid} is the user's, histogram and snapshot are everyone's.
	"boards",
	"entries",
	"histogram",
	"snapshot",
	// Events on their way, {eventID}: owed by a commit, and parked for an operator.
	"outbox",
	"parked",
	// limits/{id} counts quotas (uid is a field where it is a user's) and holds leases.
	"limits",
	// exports/{id} and erasures/{uid} are work under way; erased/{HMAC(uid)} is what remains of an erasure.
	"exports",
	"erasures",
	"erased",
	// audit/{id} is what operators did.
	"audit",
}

// Expiring are the collections whose documents may carry expireAt: the sweep deletes each soon after it, and Firestore's TTL
// within a day or so. Board entries are not among them, as a deletion by Firestore would pass the histogram by. Of usernames
// only the reservations of names that were given up carry it. An export goes with its object, by package export: were its document
// deleted first, nobody would know of the object.
var Expiring = []string{
	"deliveries",
	"devices",
	"erased",
	"inbox",
	"limits",
	"parked",
	"usernames",
}
