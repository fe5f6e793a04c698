// Package friends keeps who knows whom, for boards that show friends only, and serves the routes
// below /v1/friends.
//
//	friendcodes/{hash of a code}   whose code it is
//	users/{uid}/sharing/state      what the user's code is made of
//	users/{uid}/friends/{pair}     a friend
//	users/{uid}/blocked/{pair}     another user whom the user has blocked
//
// # Codes
//
// A user shares a code, and another who sends it becomes their friend. Sharing the code is the
// consent of its owner and sending it that of the other, so a friendship is mutual from the start:
// both documents are written in one commit, which reads both accounts. It also ends on both sides.
// There is no search for users and no list of requests, so the API does not tell who has an
// account.
//
// A code is 80 bits in Crockford's base32, which has no letters that are taken for digits, so it
// can be read aloud. Dashes, spaces and case do not count. A user has one code at a time. It is
// derived with the secret key from 128 random bits, and only these bits are stored. The document in
// friendcodes is found by a keyed hash of the code, with one read. So a copy of the database has no
// codes. After a change of the key all codes are dead, and their owners get new ones.
//
// A code that was revoked or replaced is dead with that commit. The code of an account is dead with
// the begin of its erasure, since a new friendship reads the account.
//
// Some codes are answered alike: not_found, after the same reads, with one wrong try counted. These
// are a code that was never made, or was revoked or replaced, the code of an account being erased,
// and the code of a user who has blocked the caller or whom the caller has blocked. So users cannot
// see that they are blocked.
//
// [WrongCodes] limits the tries. A try is counted by the commit that finds the code wrong. The
// commit of a right code fails if the count has changed since it was read. So many requests at once
// gain no tries. Right codes are not counted, and do not set the count back.
//
// # Friendships
//
// The id of a friendship or a block is a keyed hash of the two users' ids, and does not tell them.
// It is the same on both sides and each time. So using a code twice, or while the friend uses one's
// own, makes one friendship, and a block is found by one read. With another key the ids are others
// and blocks from before are not found, so a new key needs a migration of friends and blocked.
//
// A user has at most [Max] friends. They are counted when one is added. The query runs outside of
// the transaction, where it would lock the list. Each new friendship writes users/{uid}/sharing of
// both users, on the condition that it has not changed since before the count. So the limit is
// exact however many codes are used at once, and there is no counter that could differ from the
// list: endings and erasures only delete. Requests of a process that concern one user take turns
// (see package transact).
//
// Names are not copied. A list reads the accounts of its page in one batch, so that a new name
// shows at once and a friend whose account is being erased does not show any more. Such a page is
// shorter than its limit. The erasure removes the documents of other users that name the user,
// which it finds by the field other.
//
// A block ends the friendship and prevents another until the user takes it back. Only a friend can
// be blocked: the others can reach the user by the code alone, which can be replaced. Taking a
// block back does not restore the friendship.
//
// The withdrawal of the consent leaves friends as they are, since they are nothing measured.
package friends
