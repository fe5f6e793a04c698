// Package emulator starts the whole local Google Cloud of FaceScan, for `make run` and for tests.
//
// [Start] runs the official Firestore and Pub/Sub emulators (Java) and the Firebase Auth emulator
// (Node) as processes of their own, the Firestore emulator behind a front that refuses queries
// which have no index in production; [NewStorage] serves Cloud Storage in this process and enforces
// what production enforces on signed URLs; [NewFCM] and [NewSMTP] are sinks which record the push
// messages and the mails sent to them, refuse what the real ones refuse, and fail by a script.
//
// The Firestore emulator is not production in one more way that has cost time: a listener that
// opens while its document changes may be told of the change first and of the document as it was
// before last, so that a deletion in that instant goes unnoticed until the wait ends. Production
// tells in order.
//
// Tests use internal/local/emulator/emulatortest, which starts what a package needs from its
// TestMain. Nothing in production imports this package. It runs on Linux and macOS.
package emulator
