// Package faults lets the local stack fail on purpose: late, repeated, out of order, lost and away,
// by a seed. Production has no part in it.
//
// An [Injector] decides at each seam between the functions and the rest of the world:
//
//   - [Events], the deliveries of events to functions,
//   - [PubSub], what functions publish,
//   - [Firestore], [Storage], [FCM] and [Mail], what functions ask of these.
//
// Only what the functions do passes a seam. The host's set-up, the app's requests, photos by signed
// URLs, the export of a kept stack and what operators and checkers ask do not: the functions'
// process has ports of its own for Firestore, Pub/Sub and Cloud Storage. Functions that run in the
// process of the caller share its ports, so there the seams are Events, FCM and Mail alone.
//
// # Faults
//
// A specification names faults, each with its value:
//
//   - dup=.2 has a share handled twice, the first answer lost. It is for Events and PubSub.
//   - drop=.05 has a share done and the answer lost, so that who asked cannot know. A
//     listener of Firestore is broken off instead, within [maxListen].
//   - 5xx=.1 has a share refused and not done: by 503 or 451, by UNAVAILABLE, and half of
//     Firestore's commits by ABORTED.
//   - slow=200ms has each wait for up to that time.
//   - reorder=.3 holds a share of the events back until a later event of the same function has been
//     handled, for [maxHeld] at most. reorder alone is a half: if all were held, nothing would be
//     overtaken. It is for Events.
//   - crash=.02 kills the functions' process by -9, at a random time of up to 300 ms after
//     the arrival of an event. firestore.crash=.01 does so at another seam: what was asked is done,
//     and the process ends before it hears so.
//   - firestore.away=60s has a service away for that time, from when the specification is set.
//     While Pub/Sub is away nothing is delivered either; the deliveries wait.
//
// A fault without a seam is for all seams that know it, but crash, which is for Events. With one,
// as mail.drop=.2, it is for that seam alone and replaces what is said for all. away needs a seam.
//
// # Seeds
//
// What becomes of a request follows from the seed, the seam, what the request is about, and how
// many like it came before: the n-th delivery of one event to one function has the same fate in
// each run, whatever else arrives and in whatever order. An event has its id and a photo the name
// of its object; the others have their method and the names of their documents, object, device or
// address.
package faults
