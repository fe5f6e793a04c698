// Package drill tests that a system comes back from a backup of its database: an export of the
// Firestore emulator is restored into an empty one, beside the buckets and Firebase's users as they
// are now. It holds tests only.
package drill
