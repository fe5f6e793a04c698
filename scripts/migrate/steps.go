package main

// steps are all there are, in the order in which they run. A step stays until no deployment has a
// database that it was not run on.
var steps = []step{
	usernames,
	devices,
	since,
	memories,
	notices,
	scores,
	divided,
	formerEntries,
	deliveries,
	kinds,
	ofErased,
	ofErasing,
	ofWithdrawn,
	signatures,
	signIns,
	photos,
	links,
	pseudonyms,
	bans,
}
