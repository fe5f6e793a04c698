package catalog

import (
	"cmp"
	"slices"
	"time"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
)

// Environment variables of several functions.
const (
	uploadsBucket = "FACESCAN_UPLOADS_BUCKET"
	resultsBucket = "FACESCAN_RESULTS_BUCKET"
	tombstones    = "FACESCAN_TOMBSTONES_BUCKET"
	minAge        = "FACESCAN_MIN_AGE"
	publicURL     = "FACESCAN_PUBLIC_URL"
	receiptKeys   = "FACESCAN_RECEIPT_PUBLIC_KEYS"
	firebaseKey   = "FACESCAN_FIREBASE_API_KEY"
	release       = "FACESCAN_RELEASE"

	operatorName    = "FACESCAN_OPERATOR_NAME"
	operatorContact = "FACESCAN_OPERATOR_CONTACT"
)

// Secrets.
const (
	receiptKey   = "receipt-key"
	smtpPassword = "smtp-password"
)

var mail = []string{"FACESCAN_SMTP", "FACESCAN_SMTP_USER", "FACESCAN_MAIL_FROM"}

// account are the topics of the events that package account owes.
var account = topics(event.AccountRegisteredV1{}, event.AccountUpdatedV1{})

// functions is sorted by name.
var functions = everyTopic([]Function{
	httpFunction(Function{
		Name: "admin", Purpose: "reported names, the state of users, bans and quarantines, for staff",
		Paths:     []string{"/v1/admin/*"},
		Publishes: topics(event.AccountUpdatedV1{}, event.SignInsEndedV1{}),
		Keys:      []keys.Use{keys.ForAudit},
		Grants:    Grants{Auth: AuthReader},
	}),
	eventFunction(Function{
		Name: "analyze", Trigger: Storage, Purpose: "measures an uploaded photo and completes or fails its scan",
		Takes: append([]string{event.TopicUploadFinalized}, topics(event.ScanVerifyRequestedV1{})...),
		Publishes: topics(
			event.ScanCompletedV1{}, event.ScanFailedV1{}, event.ScanRescoredV1{}, event.SeriesSettledV1{},
		),
		Settings: []string{uploadsBucket, resultsBucket},
		Keys:     []keys.Use{keys.ForPhotos},
		// A decoded photo of up to 256 MiB, or one rendition, and memory that the collector has not
		// freed.
		Size:   Size{Concurrency: 1, MemoryMiB: 1024},
		Retry:  Retry{MaxAttempts: 50},
		Grants: Grants{Uploads: BucketWrite, Results: BucketWrite},
	}),
	httpFunction(Function{
		Name: "coach", Purpose: "looks at a small preview and says how the photo could be better; keeps nothing",
		Paths:    []string{"/v1/coach"},
		Settings: []string{minAge},
		Keys:     []keys.Use{keys.ForLimits},
		Size:     Size{Concurrency: 1}, // an analysis needs a processor of its own
		Grants:   Grants{Auth: AuthReader},
	}),
	eventFunction(Function{
		Name: "erase", Trigger: PubSub,
		Purpose: "erases accounts, and what was made under a withdrawn consent; ends sign-ins at Firebase",
		Takes: topics(
			event.AccountErasureRequestedV1{}, event.AccountDeletionAskedV1{}, event.ConsentWithdrawnV1{},
			event.SignInsEndedV1{},
		),
		Settings: append([]string{uploadsBucket, resultsBucket, tombstones, publicURL}, mail...),
		Keys:     []keys.Use{keys.ForReceipts, keys.ForErased, keys.ForDeletions, keys.ForAudit},
		Secrets:  []string{receiptKey, smtpPassword},
		Size:     Size{Concurrency: 8},
		Grants: Grants{
			Auth: AuthEraser, Uploads: BucketWrite, Results: BucketWrite, Tombstones: BucketCreate,
		},
	}),
	eventFunction(Function{
		Name: "export", Trigger: PubSub, Purpose: "puts all that is kept of a user into a zip to download",
		Takes:     topics(event.AccountExportRequestedV1{}),
		Publishes: topics(event.ExportReadyV1{}),
		Settings:  []string{uploadsBucket, resultsBucket},
		Keys:      []keys.Use{keys.ForAudit},
		// Years of pictures are copied one by one.
		Size:   Size{Concurrency: 4, Timeout: 9 * time.Minute},
		Retry:  Retry{AckDeadline: 10 * time.Minute},
		Grants: Grants{Uploads: BucketRead, Results: BucketWrite},
	}),
	httpFunction(Function{
		Name: "health", Purpose: "liveness, readiness, the API's contract and its page, the pages of error codes and " +
			"for account deletion, and problem+json for every other path",
		Paths: []string{
			"/health", "/ready", "/v1/openapi.yaml", "/v1/openapi.json", "/docs", "/docs/*", "/account-deletion", "/problems/*",
			fallback,
		},
		Settings: []string{release, operatorName, operatorContact},
		Grants:   Grants{Firestore: DatabaseRead}, // whether it answers
	}),
	httpFunction(Function{
		Name: "inbox", Purpose: "the user's notifications, devices and preferences; turns mails off by their links",
		Paths: []string{
			"/v1/inbox", "/v1/inbox/*", "/v1/devices", "/v1/devices/*", "/v1/preferences", "/v1/unsubscribe/*",
		},
		Publishes: topics(event.DeviceAddedV1{}),
		Settings:  []string{publicURL},
		Keys:      []keys.Use{keys.ForLimits, keys.ForUnsubscribing},
		Grants:    Grants{Auth: AuthReader},
	}),
	httpFunction(Function{
		Name: "leaderboard", Purpose: "the boards: their tops, own ranks, those around; friends; reports; forgets ratings",
		Paths:  []string{"/v1/leaderboards", "/v1/leaderboards/*", "/v1/friends", "/v1/friends/*"},
		Keys:   []keys.Use{keys.ForLimits, keys.ForFriends, keys.ForCursors},
		Grants: Grants{Auth: AuthReader},
	}),
	eventFunction(Function{
		Name: "notify", Trigger: PubSub, Purpose: "turns events into inbox entries, pushes and e-mails, each once",
		Takes: topics(
			event.AccountRegisteredV1{}, event.ScanCompletedV1{}, event.ScanFailedV1{}, event.PersonalBestReachedV1{},
			event.ScanDeletedV1{}, event.SeriesSettledV1{}, event.SeriesDeletedV1{}, event.RankChangedV1{},
			event.ExportReadyV1{}, event.DeviceAddedV1{}, event.PasswordChangedV1{}, event.DeliveryDueV1{},
		),
		Settings: append([]string{publicURL}, mail...),
		Keys:     []keys.Use{keys.ForUnsubscribing},
		Secrets:  []string{smtpPassword},
		Size:     Size{Concurrency: 8},
		Grants:   Grants{Auth: AuthReader, Push: true},
	}),
	httpFunction(Function{
		Name: "profile", Purpose: "the user's profile, username and consent, export, erasure and its receipt, " +
			"also by a link in a mail",
		Paths: []string{
			"/v1/me", "/v1/me/*", "/v1/usernames/*", "/v1/erasures/*", "/v1/account-deletion", "/v1/account-deletion/*",
		},
		Publishes: append(topics(
			event.AccountErasureRequestedV1{}, event.AccountDeletionAskedV1{}, event.AccountExportRequestedV1{},
			event.ConsentWithdrawnV1{},
		), account...),
		Settings: []string{publicURL, receiptKeys, resultsBucket, operatorName, operatorContact},
		Keys:     []keys.Use{keys.ForLimits, keys.ForReceipts, keys.ForDeletions, keys.ForAudit},
		Size:     Size{Concurrency: 1000}, // as many clients wait for exports and erasures as for scans
		Grants:   Grants{Auth: AuthReader, Results: BucketRead, Signs: true},
	}),
	eventFunction(Function{
		Name: "rank", Trigger: PubSub, Purpose: "keeps ratings and the boards' entries",
		Takes: topics(
			event.ScanCompletedV1{}, event.ScanRescoredV1{}, event.ScanDeletedV1{}, event.AccountUpdatedV1{},
			event.SeriesSettledV1{}, event.SeriesDeletedV1{},
		),
		Publishes: topics(event.PersonalBestReachedV1{}),
		Keys:      []keys.Use{keys.ForRatings},
		Size:      Size{Concurrency: 8},
	}),
	httpFunction(Function{
		Name: "register", Purpose: "registration, and sign-up and login with e-mail and password",
		Paths: []string{
			"/v1/auth/register", "/v1/auth/signup", "/v1/auth/login", "/v1/auth/refresh",
			"/v1/auth/password-reset", "/v1/auth/verify-email", "/v1/auth/sign-out-everywhere",
		},
		Publishes: append(topics(event.DeviceAddedV1{}, event.SignInsEndedV1{}), account...),
		Settings:  []string{firebaseKey},
		Keys:      []keys.Use{keys.ForLimits, keys.ForClients, keys.ForAudit},
		Grants:    Grants{Auth: AuthReader},
	}),
	httpFunction(Function{
		Name: "scans", Purpose: "the state and result of scans, by long poll",
		Paths:     []string{"/v1/scans", "/v1/scans/*", "/v1/timeline"},
		Publishes: topics(event.ScanDeletedV1{}, event.ScanVerifyRequestedV1{}, event.SeriesSettledV1{}),
		Settings:  []string{uploadsBucket, resultsBucket},
		Size:      Size{Concurrency: 1000},
		Grants:    Grants{Auth: AuthReader, Uploads: BucketWrite, Results: BucketWrite, Signs: true},
	}),
	eventFunction(Function{
		Name: sweeper, Trigger: Schedule,
		Purpose: "publishes abandoned events, re-drives stuck scans, tells changed ranks and passwords, " +
			"deletes what is due",
		Takes:     topics(event.SweepRequestedV1{}),
		Publishes: SweepOwes(),
		Keys:      []keys.Use{keys.ForReceipts, keys.ForOutbox, keys.ForAudit},
		Settings:  []string{uploadsBucket, resultsBucket},
		Size:      Size{Concurrency: 1},
		Grants:    Grants{Auth: AuthReader, Uploads: BucketWrite, Results: BucketWrite},
	}),
	httpFunction(Function{
		Name:      "upload",
		Purpose:   "opens scans and series, signs the URLs their photos are put to, and answers for series",
		Paths:     []string{"/v1/uploads", "/v1/uploads/*", "/v1/series", "/v1/series/*"},
		Publishes: topics(event.SeriesDeletedV1{}),
		Settings:  []string{uploadsBucket, resultsBucket, minAge},
		Keys:      []keys.Use{keys.ForLimits, keys.ForScans, keys.ForPhotos},
		// As many clients wait for series as for scans, and photos are being received (upload.MaxDirect).
		Size:   Size{Concurrency: 1000, MemoryMiB: 512},
		Grants: Grants{Auth: AuthReader, Uploads: BucketWrite, Results: BucketWrite, Signs: true},
	}),
})

// sweeper is the function that publishes events that other functions could not publish.
const sweeper = "sweep"

// SweepOwes returns the topics of the events that the sweep owes itself. It may publish to all
// others, too, since it publishes what other functions left.
func SweepOwes() []string {
	return topics(
		event.RankChangedV1{}, event.PasswordChangedV1{}, event.DeliveryDueV1{}, event.ScanFailedV1{},
		event.SeriesSettledV1{}, event.AccountErasureRequestedV1{}, event.ConsentWithdrawnV1{},
		event.AccountExportRequestedV1{},
	)
}

// everyTopic gives the sweeper the right to publish to every topic.
func everyTopic(of []Function) []Function {
	for i, f := range of {
		if f.Name == sweeper {
			of[i].Publishes = topicsOf(of)
		}
	}
	return of
}

func httpFunction(f Function) Function {
	f.Trigger = HTTP
	f.Concurrency = cmp.Or(f.Concurrency, 80)
	if f.Auth != "" { // it logs who calls
		f.Keys = slices.Concat([]keys.Use{keys.ForLogs}, f.Keys)
	}
	return withDefaults(f)
}

func eventFunction(f Function) Function {
	f.AckDeadline = cmp.Or(f.AckDeadline, 120*time.Second)
	f.MaxAttempts = cmp.Or(f.MaxAttempts, 20)
	return withDefaults(f)
}

// withDefaults sets what a row leaves out: a function writes Firestore unless it only reads.
func withDefaults(f Function) Function {
	f.Timeout = cmp.Or(f.Timeout, 60*time.Second)
	f.MemoryMiB, f.CPU = cmp.Or(f.MemoryMiB, 256), cmp.Or(f.CPU, 1)
	f.Firestore = cmp.Or(f.Firestore, DatabaseWrite)
	f.Traces = f.Firestore == DatabaseWrite // what only looks has no work to trace
	if len(f.Publishes) > 0 {
		f.Keys = append(f.Keys, keys.ForWriter(f.Name))
	}
	var secrets []string
	for _, use := range f.Keys {
		secrets = append(secrets, use.Secret())
	}
	f.Secrets = slices.Concat(secrets, f.Secrets)
	return f
}

func topics(payloads ...event.Payload) []string {
	names := make([]string, len(payloads))
	for i, p := range payloads {
		names[i] = event.Topic(p.EventType())
	}
	return names
}
