// Package emulator starts the whole local Google Cloud of FaceScan, for `make run` and for tests.
//
// [Start] runs the official Firestore and Pub/Sub emulators (Java) and the Firebase Auth emulator (Node) as
// processes of their own, the Firestore emulator behind a front that refuses queries which have no index in production; [NewStorage] serves Cloud Storage in this process and enforces what production enforces
// on signed URLs; [NewFCM] and [NewSMTP] are sinks which record the push messages and the mails sent to them.
//
// Tests use internal/emulator/emulatortest, which starts what a package needs from its TestMain. Nothing in
// production imports this package. It runs on Linux and macOS.
package emulator
