package story

// shown are the fields of documents that a story has, by collection: states, times, versions and
// counts. They are named one by one, and nothing else leaves the database, so that nothing
// measured, no text and no secret gets into a story with a new field. A collection of documents
// that are of no user has none.
var shown = map[string][]string{
	"boards": nil, "histogram": nil, "snapshot": nil, "erased": nil,
	"entries": {"scans", "achievedAt", "updatedAt", "expireAt"},
	"users": {
		"state", "username", "locale", "emailVerified", "consentEpoch", "consent.granted", "consent.version", "consent.at",
		"consent.since", "leaderboard.optIn", "leaderboard.rankEvents", "leaderboard.forgottenAt", "keepPhotosDays",
		"missingSince", "tokensValidAfter", "revision", "createdAt", "updatedAt",
	},
	"consents":   {"epoch", "action", "appVersion", "at"},
	"devices":    {"platform", "refused", "createdAt", "updatedAt", "expireAt"},
	"inbox":      {"type", "kind", "read", "consentEpoch", "data.scanId", "data.seriesId", "createdAt", "expireAt"},
	"deliveries": deliveries(),
	"pace":       {"expireAt"},
	"ratings":    {"consentEpoch", "foldAt", "updatedAt"},
	"guard":      {"schema"},
	"series": {
		"state", "version", "revision", "engine", "consentEpoch", "ticketExpiresAt", "createdAt", "updatedAt", "settledAt",
	},
	"friends":  {"since"},
	"blocked":  {"since"},
	"reported": {"reason", "createdAt", "expireAt"},
	"sharing":  {"codeAt", "added"},
	"scans": {
		"state", "stage", "version", "seriesId", "consentEpoch", "contentType", "ticketExpiresAt", "generation", "uploadedAt",
		"lease.until", "claims", "duplicateOf", "failure.code", "verification.outcome", "verification.engine",
		"verification.at", "verification.begun", "previous.engine", "result.version", "result.rankable",
		"result.notRankableBecause", "createdAt", "updatedAt", "finishedAt", "sweepAt", "sweepFaults",
	},
	"exports":     {"state", "consentEpoch", "bytes", "attempts", "lease.until", "createdAt", "expireAt", "sweepAt"},
	"usernames":   {"createdAt", "expireAt"},
	"friendcodes": {"createdAt"},
	"limits":      {"rule", "count", "expireAt"},
	"erasures":    {"scope", "epoch", "step", "requestedAt", "proveAt", "lease.until", "sweepAt"},
	"audit":       {"kind", "by", "role", "reason", "at", "expireAt"},
	"namereports": {"open", "decision", "createdAt", "updatedAt", "expireAt"},
	"outbox": {
		"topic", "writer", "attributes.id", "attributes.type", "attributes.traceparent", "createdAt", "dueAt", "sweepFaults",
	},
	"parked": {
		"function", "messageId", "reason", "attributes.id", "attributes.type", "attributes.traceparent", "parkedAt",
		"redrivenAt", "expireAt",
	},
}

// deliveries returns the fields of users/{uid}/deliveries, of which package deliver has a table.
func deliveries() []string {
	fields := []string{"kind", "scanId", "seriesId", "dueAt", "createdAt", "updatedAt", "expireAt"}
	for _, channel := range []string{"push", "email"} {
		for _, field := range []string{"state", "attempts", "leaseUntil", "nextAt", "batch", "reason", "fault"} {
			fields = append(fields, "legs."+channel+"."+field)
		}
	}
	return fields
}

// begun are the fields that say when a document began, the best first.
var begun = []string{
	"createdAt", "at", "parkedAt", "requestedAt", "since", "codeAt", "achievedAt", "updatedAt", "expireAt",
}
