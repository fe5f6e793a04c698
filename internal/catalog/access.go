package catalog

import (
	"slices"

	"github.com/facescan/facescan/internal/event"
)

// Access is what a function may touch, and nothing else: Terraform grants its service account exactly this. A test
// compares it with the clients that are linked into the function.
type Access struct {
	// Firestore is the role roles/datastore.user, which is the whole database's: there is no smaller one.
	Firestore bool `json:"firestore"`
	// Auth is what it may do with Firebase users: "", AuthReader or AuthEraser.
	Auth string `json:"auth"`
	// Push lets it send by FCM.
	Push bool `json:"push"`
	// Uploads and Results are what it may do with the buckets' objects: "", BucketRead, BucketCreate or BucketWrite.
	Uploads string `json:"uploads"`
	Results string `json:"results"`
	// Signs lets it sign URLs in its own name, which give no more than it may do itself.
	Signs bool `json:"signs"`
	// Publishes are the topics that it may publish to.
	Publishes []string `json:"publishes"`
	// Secrets are the environment variables that come from Secret Manager: variable to secret.
	Secrets map[string]string `json:"secrets"`
}

// What a function may do with Firebase users.
const (
	// AuthReader looks users up: whether a token was revoked, where mail goes, whether a user is
	// still there.
	AuthReader = "reader"
	// AuthEraser also disables, signs out and deletes them.
	AuthEraser = "eraser"
)

// What a function may do with a bucket's objects.
const (
	BucketRead   = "read"
	BucketCreate = "create"
	BucketWrite  = "write" // read, create, replace and delete
)

// hashKey is in every function: it keys the pseudonyms in their logs.
var hashKey = map[string]string{"FACESCAN_HASH_KEY": "hash-key"}

// account are the events that package account owes.
var account = topics(event.AccountRegisteredV1{}, event.AccountUpdatedV1{})

// access is by function; settings are the environment variables, beside secrets and what every function has, that
// tell it where things are.
var access = map[string]struct {
	Access
	settings []string
}{
	"analyze": {Access{
		Firestore: true, Uploads: BucketWrite, Results: BucketWrite, Secrets: hashKey,
		Publishes: topics(event.ScanCompletedV1{}, event.ScanFailedV1{}, event.ScanRescoredV1{}, event.SeriesSettledV1{}),
	}, []string{uploadsBucket, resultsBucket}},
	"coach": {Access{Firestore: true, Auth: AuthReader, Secrets: hashKey}, []string{minAge}},
	"erase": {Access{
		Firestore: true, Auth: AuthEraser, Uploads: BucketWrite, Results: BucketWrite, Secrets: map[string]string{
			"FACESCAN_HASH_KEY": "hash-key", "FACESCAN_RECEIPT_KEY": "receipt-key", "FACESCAN_SMTP_PASSWORD": "smtp-password",
		},
	}, append([]string{uploadsBucket, resultsBucket, publicURL}, mail...)},
	"export": {Access{
		Firestore: true, Uploads: BucketRead, Results: BucketWrite, Secrets: hashKey,
	}, []string{uploadsBucket, resultsBucket}},
	"health":      {Access{Firestore: true, Secrets: hashKey}, nil},
	"inbox":       {Access{Firestore: true, Auth: AuthReader, Secrets: hashKey}, nil},
	"leaderboard": {Access{Firestore: true, Auth: AuthReader, Secrets: hashKey}, nil},
	"notify": {Access{
		Firestore: true, Auth: AuthReader, Push: true, Secrets: map[string]string{
			"FACESCAN_HASH_KEY": "hash-key", "FACESCAN_SMTP_PASSWORD": "smtp-password",
		},
	}, mail},
	"profile": {Access{
		Firestore: true, Auth: AuthReader, Results: BucketRead, Signs: true, Secrets: hashKey,
		Publishes: append(topics(
			event.AccountErasureRequestedV1{}, event.AccountExportRequestedV1{}, event.ConsentWithdrawnV1{},
		), account...),
	}, []string{publicURL, receiptKeys, resultsBucket}},
	"rank":     {Access{Firestore: true, Secrets: hashKey, Publishes: topics(event.PersonalBestReachedV1{})}, nil},
	"register": {Access{Firestore: true, Auth: AuthReader, Secrets: hashKey, Publishes: account}, []string{"FACESCAN_FIREBASE_API_KEY"}},
	"scans": {Access{
		Firestore: true, Auth: AuthReader, Uploads: BucketWrite, Results: BucketWrite, Signs: true, Secrets: hashKey,
		Publishes: topics(event.ScanDeletedV1{}, event.ScanVerifyRequestedV1{}, event.SeriesSettledV1{}),
	}, []string{uploadsBucket, resultsBucket}},
	"sweep": {Access{
		Firestore: true, Auth: AuthReader, Uploads: BucketWrite, Results: BucketWrite, Secrets: hashKey,
		Publishes: nil, // all of them
	}, []string{uploadsBucket, resultsBucket}},
	"upload": {Access{
		Firestore: true, Auth: AuthReader, Uploads: BucketWrite, Results: BucketWrite, Signs: true, Secrets: hashKey,
		Publishes: topics(event.SeriesDeletedV1{}),
	}, []string{uploadsBucket, resultsBucket, minAge}},
}

// Environment variables that several functions are given.
const (
	uploadsBucket = "FACESCAN_UPLOADS_BUCKET"
	resultsBucket = "FACESCAN_RESULTS_BUCKET"
	minAge        = "FACESCAN_MIN_AGE"
	publicURL     = "FACESCAN_PUBLIC_URL"
	receiptKeys   = "FACESCAN_RECEIPT_PUBLIC_KEYS"
)

var mail = []string{"FACESCAN_SMTP", "FACESCAN_SMTP_USER", "FACESCAN_MAIL_FROM"}

// sweeper publishes what any function owed and could not publish itself.
const sweeper = "sweep"

// Access is what the function may touch.
func (f Function) Access() Access {
	a := access[f.Name].Access
	if f.Name == sweeper {
		a.Publishes = slices.DeleteFunc(Topics(), func(t string) bool { return t == DeadLetterTopic })
	}
	return a
}

// Settings are the environment variables that the function is given, beside its secrets and what every function has.
func (f Function) Settings() []string { return slices.Clone(access[f.Name].settings) }
