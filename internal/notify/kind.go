package notify

import (
	"slices"
	"time"

	"github.com/facescan/facescan/internal/event"
)

// Channel is a way to the user besides the inbox.
type Channel string

// The channels.
const (
	Push  Channel = "push"
	Email Channel = "email"
)

// Channels are all channels.
var Channels = []Channel{Push, Email}

// Kind is a kind of notice, by the name that preferences, the inbox and pushes have for it.
type Kind string

// The kinds.
const (
	Welcome       Kind = "welcome"
	ScanCompleted Kind = "scan_completed"
	ScanFailed    Kind = "scan_failed"
	PersonalBest  Kind = "personal_best"
	RankChanged   Kind = "rank_changed"
	ExportReady   Kind = "export_ready"
	AccountErased Kind = "account_erased"
	Security      Kind = "security"
)

// The groups of pushes. Of those with one group, a device that was offline shows the latest. FCM
// stores the latest of at most four groups for an app on a device
// (https://firebase.google.com/docs/cloud-messaging/customize-messages/collapsible-message-types).
const (
	groupAccount  = "account"
	groupResults  = "results"
	groupRanks    = "ranks"
	groupSecurity = "security"
)

// Rule is how a kind of notice is sent. Every kind is in the inbox at once, except for
// [AccountErased], since the inbox is erased too.
type Rule struct {
	Kind Kind
	// Events are the types of the events that it tells of.
	Events []string
	// Defaults are the channels of the kind, each with whether it is on for a user who did not choose.
	Defaults map[Channel]bool
	// High wakes a phone that sleeps.
	High bool
	// Life is how long a push waits for a device that is offline.
	Life time.Duration
	// Group is the group of its pushes.
	Group string
	// Critical notices ignore preferences and quiet hours, and their mails have no unsubscribing.
	Critical bool
	// Paced notices have a score. Those that follow another one soon are sent together (see [Pace]).
	Paced bool
	// Daily notices are sent once a day of the user's zone, the latest of them.
	Daily bool
}

const day = 24 * time.Hour

// Rules is the one table of the kinds.
var Rules = []Rule{
	{
		Kind: Welcome, Events: []string{event.AccountRegisteredV1{}.EventType()},
		Defaults: map[Channel]bool{Push: true, Email: true}, Life: 3 * day, Group: groupAccount,
	},
	{
		Kind:     ScanCompleted,
		Events:   []string{event.ScanCompletedV1{}.EventType(), event.SeriesSettledV1{}.EventType()},
		Defaults: map[Channel]bool{Push: true, Email: true}, High: true, Life: day, Group: groupResults, Paced: true,
	},
	{
		Kind: ScanFailed, Events: []string{event.ScanFailedV1{}.EventType()},
		Defaults: map[Channel]bool{Push: true, Email: true}, High: true, Life: day, Group: groupResults,
	},
	{
		// The mail about the scan is enough.
		Kind: PersonalBest, Events: []string{event.PersonalBestReachedV1{}.EventType()},
		Defaults: map[Channel]bool{Push: true}, Life: day, Group: groupRanks, Paced: true,
	},
	{
		// Only a user who asked for it has such events.
		Kind: RankChanged, Events: []string{event.RankChangedV1{}.EventType()},
		Defaults: map[Channel]bool{Push: true, Email: false}, Life: day, Group: groupRanks, Daily: true,
	},
	{
		// The link of an export lives as long.
		Kind: ExportReady, Events: []string{event.ExportReadyV1{}.EventType()},
		Defaults: map[Channel]bool{Push: true, Email: true}, Life: day, Group: groupAccount,
	},
	{
		// Package erase sends it, since the account is closed by then, and its devices may be gone.
		Kind: AccountErased, Events: []string{event.AccountErasureRequestedV1{}.EventType()},
		Defaults: map[Channel]bool{Email: true}, Group: groupAccount, Critical: true,
	},
	{
		Kind:     Security,
		Events:   []string{event.DeviceAddedV1{}.EventType(), event.PasswordChangedV1{}.EventType()},
		Defaults: map[Channel]bool{Push: true, Email: true}, High: true, Life: 7 * day, Group: groupSecurity, Critical: true,
	},
}

// RuleOf returns the rule of a kind. It reports false for a kind that there is not.
func RuleOf(k Kind) (Rule, bool) {
	return find(func(r Rule) bool { return r.Kind == k })
}

// KindOf returns the kind of notice of an event's type, or "" if users are not told of it.
func KindOf(eventType string) Kind {
	r, _ := find(func(r Rule) bool { return slices.Contains(r.Events, eventType) })
	return r.Kind
}

// Kinds returns all kinds.
func Kinds() []Kind {
	all := make([]Kind, len(Rules))
	for i, r := range Rules {
		all[i] = r.Kind
	}
	return all
}

func find(is func(Rule) bool) (Rule, bool) {
	i := slices.IndexFunc(Rules, is)
	if i < 0 {
		return Rule{}, false
	}
	return Rules[i], true
}

// Has reports whether the kind can be sent by the channel.
func (r Rule) Has(c Channel) bool {
	_, has := r.Defaults[c]
	return has
}

// channels returns the kind's channels, in the order of [Channels].
func (r Rule) channels() []Channel {
	return slices.DeleteFunc(slices.Clone(Channels), func(c Channel) bool { return !r.Has(c) })
}
