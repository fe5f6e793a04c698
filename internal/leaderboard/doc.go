// Package leaderboard stores each user's rating and the boards made from them.
//
//	scan.completed ─► rank ─► users/{uid}/ratings/{board}     the scans that count, and their rating
//	account.updated ─► rank ─┬► boards/{board}/entries/{uid}  what others see, if the user wants that
//	                         └► personal-best.reached
//
// A board is symmetry_all_v{engine's major version}: scores of different engines never meet. A
// rating is a pure function of the set of a user's rankable scans and series (see rating.go), and
// an entry one of the rating and users/{uid}, written in the same transaction. So events may come
// twice, late and in any order, and the board can be rebuilt from the ratings at any time.
//
// A deleted scan (scan.deleted) is a fact like the others. Its score is removed and a mark without
// it stays, so that deletion frees no place for another try, and its scan.completed may still
// arrive late. History.Rating has what the mark counts as.
//
// A series of photos (series.settled) is one contribution, by its mean and with the weight of its
// photos, and each change of it is a revision, of which the highest counts. Its scans are not
// contributions. A deleted photo of a series counts like a deleted scan. See Contribution.weight.
//
// An entry exists while the user is active, consents, opted in and has a scan that counts; a user
// without a username has one too, shown as "". Nothing of a rating survives the withdrawal of the
// consent it was made under.
//
// The order of a board is total: rating descending, achievedAt ascending, uid ascending. Equal
// ratings show the same rank. A rank is 1 + COUNT of the entries with a higher rating, one read per
// 1000 of them. That is right up to some 100 000 entries; at a million a rank costs 500 reads on
// the average and takes up to a second, and then the sharded histogram with a snapshot takes over.
//
// Package rank consumes the events, package serve answers users.
package leaderboard
