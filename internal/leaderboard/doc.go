// Package leaderboard stores each user's rating and the boards made from it.
//
//	scan.completed ─► rank ─► users/{uid}/ratings/{board}      the scans that count, and their rating
//	account.updated ─► rank ─┬► boards/{board}/entries/{uid}   what others see, if the user wants that
//	                         ├► boards/{board}/histogram/{00}  how many entries have which rating
//	                         └► personal-best.reached
//
// A board (Board) is a division, a period and the engine's major version: scores of different
// engines never meet. There is one rating for a major version, under the id of the all-time board
// of everybody, and the boards of weeks, days and divisions are made of the same contributions. A
// rating is a pure function of the set of a user's rankable scans and series, and the entries are
// functions of the rating and users/{uid}, written in the same transaction (Save). So events may
// come twice, late and in any order.
//
// # Places, entries and counts
//
// The rating has the user's place on each board (Place). Save compares the places before and after
// and writes the entries and counts that differ, so it reads neither, and an entry that goes is
// counted out once: by opting out, by a change of division, by a withdrawal, when the ratings are
// forgotten and by erasure. An entry has no name: who takes part, and under which name, is read
// from users/{uid} with each page, so that it shows at once.
//
// A period counts a scan by the time of its upload, late ones until Grace after its end. Then its
// boards are written only when a user leaves or comes back, and they expire whole.
//
// # Order and counting
//
// The order of a board is total: rating descending, achievedAt ascending, uid ascending, in the one
// field sortKey. Equal ratings show the same rank, on every page.
//
// The histogram has 1,000 buckets in 16 shards, which are only incremented blindly: a transaction
// that reads a shard would make all who submit wait for each other. Package boards reads by a
// snapshot of the shards and the top 100 (Reader.Snapshot), which one of its callers makes anew
// when it is 10 s old or has lost an entry. All that a request reads of the board is read as of
// the snapshot's time, so that ranks, totals and pages agree: a rank is the number of entries in
// the buckets above, and a COUNT within the own bucket. A user's own rating is that of now.
//
// A snapshot names users. The commit that removes an entry takes it out of the snapshot, which
// fails a maker that is at work.
//
// Cursors are the sort key where a page ends, encrypted, since it has another user's id.
//
// # Repair
//
// In package boards, Reader.Drift compares a board's counts with its entries, Reader.Recount
// corrects them and Restore writes a user's entries again as the rating has them. Package rerank
// makes a rating again from the scans and series. All of them may run while others write, and be
// repeated.
//
// # Score and error
//
// The mean and the spread of scores that a rating counts with are those that RELIABILITY.md has of
// the engine (package reliability).
//
// # Deletion
//
// A deleted scan (scan.deleted) is a fact like the others. It is struck: it is not a scan of the
// entry any more and no personal best, but its place among the first three of its day stays taken
// and its value stays in the rating, so that deleting poor scans buys nothing. The value stays if
// the text says so that the user had agreed to when the scan was counted (terms.KeepsStruck). Of
// a scan from before that text only a mark is left; History.Rating has what the mark counts as.
//
// Until 8 days after its deletion a struck contribution has a keyed hash of the scan's id and its
// times. Events of that day may come so long, and which are the first three depends on the order:
// the hash recognises the scan's own events, which must not count again, and an earlier scan that
// comes late still displaces the third. If the deletion's event comes before the completion's, the
// place is taken at once, the later event fills in the value only, and the scan never counts as a
// live one. So the rating is a function of the scans and the deletions in any order. After 8 days
// the value becomes a part of the sums of its UTC day, and nothing new is added to that day:
// History.Fold, by the next change of the rating or by the sweep (rank.Folder), whichever is first.
//
// A user removes all of it by having the ratings forgotten (Forget), by withdrawing the consent or
// by erasing the account.
//
// A series of photos (series.settled) is one contribution, by its mean and with the weight of its
// photos, and each change of it is a revision, of which the highest counts. Its scans are not
// contributions. If a photo of it is deleted, the series is shown as what the others come to and
// rated as what it came to before. See Contribution.weight and Value.
//
// # Who is seen
//
// An entry exists while the user is active, consents, opted in and has a scan that counts; a user
// without a username has one too, shown as "". Nothing of a rating survives the withdrawal of the
// consent it was made under. Whether others see it is decided once, by the all-time board of
// everybody: from 3 contributions on 3 UTC days on, and, after a withdrawal or after the ratings
// were forgotten, from 20 on (Public). Opting out hides the entry and resets nothing.
//
// With that, the best of stopping, deleting and starting over gains less than .25 of the standard
// deviation between people by 50 scans (TestPlans). What cannot be prevented is not in that figure:
// the engine is open, so a user can measure any number of photos offline and upload the luckiest,
// which looks like any other photo; and who deletes the account and registers anew is a new user,
// of whom nothing may be known.
//
// # Cost
//
// Counted by TestReader_cost of package boards and in scripts/bench/LEADERBOARD.md; USD by the
// prices in internal/deploy.
//
//	entries  own rank, reads  USD     around of 11  top 100  by two COUNTs of all
//	10^4            4         1.2e-6    26 to 27       101           17
//	10^6            4 to 5    1.4e-6    26 to 29       101        1 502
//	10^8           60         1.8e-5   140             101      150 002
//
// A COUNT reads 1 for each 1000 entries, on the average half of the own bucket. A bucket has N/1000
// of uniform ratings. Scores are percentiles, so ratings cluster little: simulated, the fullest has
// 1.8 to 1.9 times that and the mean user's 1.2 times. At 10^8 the worst own rank reads 180. A
// snapshot reads 116 and writes 2, at most every 10 s: .32 USD a day for a board always looked at.
// A submit reads 2 and writes 7.3 on three boards, 7e-6 USD at any N (13.3 and 1.3e-5 with a
// division): 0.6, 6, 62 and 620 USD a day at 1, 10, 100 and 1000 a second.
//
// A shard sustains about one commit a second, so 16 shards bind at 16 submits a second to a board,
// and all submits go to the three boards of everybody. More need more shards: sums stay right when
// their number grows. 128 serve 100/s, 1024 serve 1000/s; a snapshot then reads 1124 (2.9 USD a
// day), and the board of a new day starts cold against Firestore's 500/50/5 rule. A sorted set
// (Redis, some 36 USD a month, from memory) is due at 10^8 entries, at some 200 submits a second to
// a board, or when 10 s is too old. It saves 1 to 2 reads a rank and 3 writes a submit, so by cost
// not before 5 submits or 25 ranks a second. An interface comes with it, not before.
//
// # Changed ranks
//
// Package boards' Teller tells users who want it when their rank on the board of everybody and all
// times has changed. Of N entries, of which M are of users who want it, a day costs N reads of
// entries, N of users, 2 M of user and rating in the commits, one write of a rating and two of the
// outbox for each rank that changed, and one read a minute. For every 1000 entries that a sweep
// goes through come 16 shards, a COUNT within a bucket, up to as many entries as share the rating,
// and 12 writes of the progress. At 10^6 entries and a tenth who want it that is some 2.3 million
// reads and 0.3 million writes a day.
//
// Package rank consumes the events, package serve answers users, and package friends has who knows
// whom.
package leaderboard
