// Package schema is the one table of what is stored: the Firestore collections, their indexes, what
// expires, how long things are kept, who may have them removed or exported, and what remains for a
// while in copies that we cannot reach.
//
// Whatever must reach all of a user's data reads this table: the security rules' test, erasure,
// export, the deletion page and receipts, the sweep of what has expired, migrations, and Terraform
// by terraform/modules/facescan/catalog.json. A test fails when code names a collection that has no
// row.
//
// # How to add a collection
//
//  1. A row in [Collections].
//  2. The file that reads and writes its documents, in the package of its domain.
//
// An erasure then removes the documents below users/{uid} and those with the field uid, a
// withdrawal those of them whose consentEpoch it ends, and an export has those below users/{uid} as
// NAME.json. What goes together with something else, as photos go with scans, needs code in these
// packages, too.
package schema

import "slices"

// Removal is when a user's documents of a collection are removed.
type Removal int

// The removals. An erasure also removes what a withdrawal removes.
const (
	// Never is for documents that belong to no user, or that outlive their user on purpose.
	Never Removal = iota
	// WithAccount removes them when their user's account is erased.
	WithAccount
	// WithConsent also removes documents made under a consent when it is withdrawn: those whose field
	// consentEpoch is that of the consent or lower.
	WithConsent
)

// Collection describes the collections of one name.
type Collection struct {
	// Name is the last part of the collections' paths.
	Name string
	// Below is the collection whose documents contain it, such as "users", or "" at the top.
	Below string
	// Says describes the content of a document, for people.
	Says string
	// Expires is set if documents may have expireAt. The sweep deletes each soon after that time, and
	// Firestore's TTL within a day or so.
	Expires bool
	// Removed is when a user's documents are removed before they expire. Stays is the reason if some
	// are never removed.
	Removed Removal
	Stays   string
	// Withheld is the reason why an export omits it, "" if it does not.
	Withheld string
	// Explained is what README.txt of an export tells the user of NAME.json, in lines of at most 102
	// columns. The file has a text of its own on "users" and "scans", which are more than one file.
	Explained string
	// Indexes are the composite indexes that the code's queries need, one for each shape of query. The
	// local Firestore refuses a query without its index, as production does. A test of
	// internal/systest fails if no query of the API uses an index.
	Indexes []Index
	// GroupFields are the single fields that collection group queries use. Unlike indexes on a
	// collection, Firestore does not maintain these by itself. The expireAt of collections that expire
	// has its own.
	GroupFields []string
	// Unindexed are the maps, arrays and long texts that no query uses, with everything in them. Each
	// value would be two entries of an index, which cost storage and time with every write and count
	// towards the limit of 40,000 for a document. A composite index on a field within is not affected.
	// Firestore allows 200 such exemptions.
	Unindexed []string
}

// Collections is the complete list: no other collection holds data. An erasure removes them in this
// order, so that what work in flight may still write is removed last.
var Collections = []Collection{
	{
		Name: "boards", Says: "nothing: the document above a board's entries has no fields",
		Removed: Never, Stays: "the documents above the entries have no fields", Withheld: "everyone's",
	},
	// Only entries, counts and snapshots of weeks and days expire, all those of a board at one time.
	// Otherwise the deletion of an entry would bypass the board's histogram. A withdrawal removes the
	// entries together with the rating that they are made from.
	{
		Name: "entries", Below: "boards", Says: "a user's place on a board", Expires: true,
		Removed: WithConsent, Withheld: "made of the rating",
		GroupFields: []string{"uid"},
		// An index on a value that only grows would hold a board to 500 writes a second
		// (https://firebase.google.com/docs/firestore/best-practices#hotspots).
		Unindexed: []string{"achievedAt", "updatedAt"},
	},
	{
		Name: "histogram", Below: "boards", Says: "how many entries of a board have which rating", Expires: true,
		Removed: Never, Stays: "counts of all users", Withheld: "everyone's", Unindexed: []string{"counts"},
	},
	{
		Name: "snapshot", Below: "boards", Expires: true,
		Says:    "the counts and the top of a board at one moment; how far its users were told their ranks",
		Removed: Never, Stays: "counts of all users; the commit that removes an entry takes it out", Withheld: "everyone's",
		Unindexed: []string{"counts", "top"},
	},

	{
		Name: "users", Says: "an account: what its user said of themselves, and its state",
		Removed: WithAccount, Stays: "the account: what the user said of themselves; nothing measured is in it",
		Unindexed: []string{"notifications"},
	},
	{
		Name: "consents", Below: "users", Says: "that a consent was given or withdrawn, with its text",
		Removed: WithAccount, Stays: "the proof that there was a consent, and of its withdrawal",
		Explained: "what you agreed to and withdrew, all of it, with the texts",
	},
	{
		Name: "devices", Below: "users", Says: "a phone or browser that gets pushes", Expires: true,
		Removed: WithAccount, Stays: "where pushes go, whatever they tell",
		GroupFields: []string{"tokenHash"}, Unindexed: []string{"token"},
		Explained: "the phones and browsers that get pushes, without the secret addresses of those",
	},
	{
		Name: "inbox", Below: "users", Says: "a notification", Expires: true,
		Removed: WithConsent, Stays: "items about the account itself",
		Indexes: []Index{
			{Fields: []Field{{"read", Ascending}, {"createdAt", Ascending}}},
			{Fields: []Field{{"read", Ascending}, {"createdAt", Descending}}},
			{Fields: []Field{{"kind", Ascending}, {"createdAt", Descending}}},
			{Fields: []Field{{"kind", Ascending}, {"read", Ascending}, {"createdAt", Descending}}},
		},
		Explained: "your notifications of the last 90 days",
	},
	{
		Name: "deliveries", Below: "users", Says: "that a push or mail was sent, or is due", Expires: true,
		Removed: WithConsent, Stays: "of messages about the account itself",
		Withheld:    "which notices were sent, all of which the inbox has",
		GroupFields: []string{"dueAt"}, Unindexed: []string{"event", "legs"},
	},
	{
		Name: "pace", Below: "users", Says: "when a user last got notices that delay others", Expires: true,
		Removed: WithAccount, Stays: "times of notices, for three days; nothing measured is in it",
		Withheld: "times of notices, all of which the inbox has", Unindexed: []string{"scored", "alarmed", "days"},
	},
	{
		Name: "ratings", Below: "users", Says: "a user's rating on a board, and what it is made of",
		Removed: WithConsent, Unindexed: []string{"contributions", "places", "told"}, GroupFields: []string{"foldAt"},
		Explained: "your rating on each leaderboard, and the scans and series that it is made of, whose scores have\n" +
			"their intervals in scans.json and series.json. Those with deleted: true are scans that you deleted:\n" +
			"rated is the score that stays in your rating, without the photo and the scan, and hash stands for\n" +
			"the scan's id until 8 days after its deletion. After that, folded has for each day how many there\n" +
			"were, and the sum of their scores. told is the rank that you were last told, and the day, if you\n" +
			"want to be told. All of it goes when you have your ratings forgotten, withdraw your consent or\n" +
			"delete your account.",
	},
	{
		Name: "guard", Below: "users",
		Says: "what is remembered of the faces in scans, to tell copies and other people's photos, and which of a day's " +
			"results are ranked",
		Removed: WithConsent, Unindexed: []string{"entries", "places"},
		Explained: "what is remembered of the faces in your last 200 scans, to tell copies of a photo and\n" +
			"photos of somebody else: for each scan a fingerprint of 256 bits, which says where the face\n" +
			"is lighter and where darker than on average, and eight lengths in the face (proportions), in\n" +
			"units of the distance between the pupils. It is compared with your own scans only. A scan of\n" +
			"the same file as an earlier one has only the other's id.\n" +
			"guard-places.json has which scans and series of the last days are ranked: five of a day (UTC)\n" +
			"are, and those that you deleted are counted without their ids.",
	},
	{
		Name: "series", Below: "users", Says: "a series of photos and what they come to together",
		Removed: WithConsent, Unindexed: []string{"looks", "result"},
		Explained: "your series of photos: the scans of each, what they come to together, and which of them\n" +
			"are left out, and why",
	},
	// An erasure also removes the friends and blocks of others that name the user, by the field other.
	{
		Name: "friends", Below: "users", Says: "whom a user knows",
		Removed: WithAccount, Stays: "whom the user knows is nothing measured", GroupFields: []string{"other"},
		Explained: "since when you have which friend. Their names are theirs: the app shows them",
	},
	{
		Name: "blocked", Below: "users", Says: "whom a user does not want as a friend",
		Removed: WithAccount, Stays: "whom the user has blocked is nothing measured", GroupFields: []string{"other"},
		Explained: "since when you have blocked whom, without their names",
	},
	{
		Name: "reported", Below: "users", Says: "that a user reported a name, without the name", Expires: true,
		Removed: WithAccount, Stays: "what the user said of others' names; nothing measured is in it",
		Explained: "when you reported a name on a leaderboard, and for what, without the name",
	},
	{
		Name: "sharing", Below: "users", Says: "what a user's friend code is made of",
		Removed: WithAccount, Stays: "by a friend code nothing measured is found",
		Withheld: "a secret that the friend code is made of, which the app shows",
	},

	// With the account goes what leads to the acts about it (see package audit), and what has its uid:
	// an act of before there were pseudonyms, which nothing has brought into the present shape.
	{
		Name: "audit", Says: "what was done to an account, and by whom, under pseudonyms", Expires: true,
		Removed: WithAccount, Stays: "acts under a pseudonym, to which nothing leads once the account is erased",
		Explained: "what was done to your account in the last 400 days, and by whom: by you, by our staff, by\n" +
			"the service on its own or by its operator",
		Indexes: []Index{{Fields: []Field{{"subject", Ascending}, {"at", Ascending}}}},
	},
	{
		Name: "scans", Says: "a photo's way through the analysis, and its result",
		Removed: WithConsent,
		Indexes: []Index{
			{Fields: []Field{{"uid", Ascending}, {"createdAt", Ascending}}},
			{Fields: []Field{{"uid", Ascending}, {"createdAt", Descending}}},
			{Fields: []Field{{"uid", Ascending}, {"state", Ascending}, {"createdAt", Ascending}}},
			{Fields: []Field{{"uid", Ascending}, {"state", Ascending}, {"createdAt", Descending}}},
			{Fields: []Field{{"uid", Ascending}, {"result.rankable", Ascending}, {"createdAt", Ascending}}},
			{Fields: []Field{{"uid", Ascending}, {"result.rankable", Ascending}, {"createdAt", Descending}}},
			{Fields: []Field{
				{"uid", Ascending}, {"state", Ascending}, {"result.rankable", Ascending}, {"result.version", Ascending},
				{"result.score.value", Descending},
			}},
			{Fields: []Field{
				{"uid", Ascending}, {"content", Ascending}, {"state", Ascending}, {"result.version", Ascending},
				{"duplicateOf", Ascending}, {"finishedAt", Ascending},
			}},
			{Fields: []Field{{"uid", Ascending}, {"consentEpoch", Ascending}}},
		},
		Unindexed: []string{"renditions", "rendered", "result"},
	},
	// Package export deletes an export together with its object. If the document were deleted first,
	// nothing would lead to the object. So exports do not expire.
	{
		Name: "exports", Says: "an export under way or ready",
		Removed: WithConsent, Stays: "exports made since", Withheld: "this",
		Indexes: []Index{{Fields: []Field{{"uid", Ascending}, {"consentEpoch", Ascending}}}},
	},
	// Only the reservations of names that were given up expire.
	{
		Name: "usernames", Says: "whose a name is, or until when it is kept for its last owner", Expires: true,
		Removed: WithAccount, Stays: "the account's name", Withheld: "the profile has it",
	},
	{
		Name: "friendcodes", Says: "whose a friend code is, under a keyed hash of the code",
		Removed: WithAccount, Stays: "by a friend code nothing measured is found", Withheld: "the hash of a secret",
	},
	// If limits were removed with the consent, withdrawing and granting it would evade every quota.
	{
		Name: "limits", Says: "how often something was done in a window of time; the sweep's lease", Expires: true,
		Removed: WithAccount, Stays: "how often something was asked for, for a day at most; what was asked for is not in it",
		Withheld: "counters for a day",
	},
	{
		Name: "erasures", Says: "an erasure or a withdrawal under way",
		Removed: WithAccount, Stays: "the saga itself, which goes as it ends", Withheld: "shuts the export out",
	},
	{
		Name: "erased", Says: "that an account was erased, under a pseudonym", Expires: true,
		Removed: Never, Stays: "the receipt, under a pseudonym, for 30 days", Withheld: "nobody's any more",
	},
	// The one document about a name has how often it was reported, and not by whom.
	{
		Name: "namereports", Says: "how often a user's name was reported, and for what", Expires: true,
		Removed: WithAccount, Stays: "what others said of a name; nothing measured is in it",
		Withheld:  "what others said of the name, which staff decide about",
		Indexes:   []Index{{Fields: []Field{{"open", Ascending}, {"createdAt", Ascending}}}},
		Unindexed: []string{"reasons"},
	},
	{
		Name: "outbox", Says: "an event that a commit owes",
		Removed: WithConsent, Stays: "events about the account itself, which are still owed",
		Withheld:  "on its way for seconds",
		Unindexed: []string{"attributes", "data"},
	},
	{
		Name: "parked", Says: "an event that cannot be handled, kept for an operator", Expires: true,
		Removed: WithConsent, Stays: "events about the account itself, for an operator", Withheld: "what could not be read",
		Unindexed: []string{"attributes", "data"},
	},
}

// Find returns the row of the collection with the name.
func Find(name string) (Collection, bool) {
	i := slices.IndexFunc(Collections, func(c Collection) bool { return c.Name == name })
	if i < 0 {
		return Collection{}, false
	}
	return Collections[i], true
}

// Names returns the names of all collections.
func Names() []string { return namesOf(func(Collection) bool { return true }) }

// Expiring returns the names of the collections whose documents may have expireAt, sorted.
func Expiring() []string {
	names := namesOf(func(c Collection) bool { return c.Expires })
	slices.Sort(names)
	return names
}

func namesOf(include func(Collection) bool) (names []string) {
	for _, c := range Collections {
		if include(c) {
			names = append(names, c.Name)
		}
	}
	return names
}
