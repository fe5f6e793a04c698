// Package counts tests what each operation of the API, and each event that it sets off, asks of
// Firestore. It holds tests only. What they count is in internal/deploy/cost/counts.json, by which
// `make cost` prices a scan.
package counts
