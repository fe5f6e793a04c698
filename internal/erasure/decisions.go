package erasure

// decision says of a Firestore collection of package retention's list what the sagas do with what a
// user has there. Both reach what they remove by a store of the same name, but for what goes
// together with something else.
type decision struct {
	collection string
	// account and consent tell whether the saga of that scope removes it: all of it, or what was
	// made under the withdrawn consent and before.
	account, consent bool
	// why is the reason where something stays.
	why string
}

// decisions are made for every collection; a test fails where one is missing, and others find out
// by documents that the product wrote whether they are kept.
var decisions = []decision{
	{"users", true, false, "the account: what the user said of themselves; nothing measured is in it"},
	{"consents", true, false, "the proof that there was a consent, and of its withdrawal"},
	{"devices", true, false, "where pushes go, whatever they tell"},
	{"inbox", true, true, "items about the account itself"},
	{"deliveries", true, true, "of messages about the account itself"},
	{"ratings", true, true, ""},
	{"guard", true, true, ""},
	{"series", true, true, ""},
	{"friends", true, false, "nothing writes it yet; whom the user knows is nothing measured"},
	{"usernames", true, false, "the account's name"},
	{"scans", true, true, ""},
	{"boards", false, false, "the documents above the entries have no fields"},
	{"entries", true, true, ""}, // at a withdrawal with the rating that it is made of
	{"histogram", false, false, "counts of all users; nothing writes it yet"},
	{"snapshot", false, false, "counts of all users; nothing writes it yet"},
	{"outbox", true, true, "events about the account itself, which are still owed"},
	{"parked", true, true, "events about the account itself, for an operator"},
	// Were they to go with the consent, withdrawing and granting it would be a way around every
	// quota.
	{"limits", true, false, "how often something was asked for, for a day at most; what was asked for is not in it"},
	{"exports", true, true, "exports made since"},
	{"erasures", true, false, "the saga itself, which goes as it ends"},
	{"erased", false, false, "the receipt, under a pseudonym, for 30 days"},
	{"audit", false, false, "what operators did; nothing writes it yet"},
}
