// Package sample has notices of every kind, made of invented events. The tests of texts and the
// preview of mails are made of them, and so show no data of a user.
package sample

import (
	"fmt"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/notify"
)

// Digest is the name of the sample of several messages in one.
const Digest = "digest"

const (
	uid        = "sample-user"
	receiptURL = "https://api.facescan.example/v1/erasures/sample"
	unsubURL   = "https://api.facescan.example/v1/unsubscribe/sample?lang="
)

var at = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// Sample is a notice.
type Sample struct {
	// Name is the kind of the notice, with a variant after a dot where the kind has several, or
	// [Digest].
	Name string
	// Messages are its messages: one, several for the digest, none for the last mail.
	Messages []notify.Message
	// HideScore is whether the user does not want scores in it.
	HideScore bool
}

// Kind returns the kind of the sample, or [Digest].
func (s Sample) Kind() string {
	kind, _, _ := strings.Cut(s.Name, ".")
	return kind
}

// User returns a user who gets the sample, in the language.
func (s Sample) User(l notify.Lang) account.User {
	return account.User{
		UID: uid, State: account.Active, Locale: string(l),
		Notifications: &account.Notifications{Push: true, Email: true, HideScore: s.HideScore},
	}
}

// HasMail reports whether the sample is sent as a mail.
func (s Sample) HasMail() bool {
	return len(s.Messages) != 1 || s.Messages[0].Rule.Has(notify.Email)
}

// Letter returns the mail of the sample in the language. Its links lead nowhere.
func (s Sample) Letter(l notify.Lang) (notify.Letter, error) {
	user, unsubscribe := s.User(l), unsubURL+string(l)
	switch len(s.Messages) {
	case 0:
		return notify.LastLetter(user.Locale, receiptURL)
	case 1:
		text, err := s.Messages[0].Text(user)
		if err != nil {
			return notify.Letter{}, err
		}
		if s.Messages[0].Rule.Critical {
			unsubscribe = ""
		}
		return notify.NewLetter(text, unsubscribe)
	default:
		return notify.Digest(s.Messages).Letter(user, unsubscribe)
	}
}

// variant is a sample of one message.
type variant struct {
	name string // "" for a kind with one sample
	data event.Payload
	hide bool
}

// variants are the samples of one message. Their names follow from the kinds of the events.
var variants = []variant{
	{"", event.AccountRegisteredV1{UID: uid}, false},
	{"photo", scanned(), false},
	{"photo-hidden", scanned(), true},
	{"series", settled(), false},
	{"series-hidden", settled(), true},
	{"series-empty", event.SeriesSettledV1{
		UID: uid, SeriesID: "series", ConsentEpoch: 1, SettledAt: at, Revision: 1,
	}, false},
	{"", failed(), false},
	{"photo", best(""), false},
	{"series", best("series"), false},
	{"hidden", best(""), true},
	{"", event.RankChangedV1{
		UID: uid, Board: "symmetry_overall_all_v2", ConsentEpoch: 1,
		Rank: 12, Previous: 15, RankLow: 3, RankHigh: 31, Total: 41, AsOf: at,
	}, false},
	{"", event.ExportReadyV1{UID: uid, ExportID: "export", ExpiresAt: at.Add(24 * time.Hour)}, false},
	{"device", event.DeviceAddedV1{UID: uid, DeviceID: "phone", Platform: "ios", AddedAt: at}, false},
	{"password", event.PasswordChangedV1{UID: uid, At: at}, false},
}

func scanned() event.ScanCompletedV1 {
	return event.ScanCompletedV1{
		UID: uid, ScanID: "scan", ConsentEpoch: 1, Engine: "facescan-2.0.0", EngineMajor: 2,
		Score: 61.2, Interval: event.Around(48.3, 72.9), Rankable: true, CompletedAt: at,
	}
}

func failed() event.ScanFailedV1 {
	return event.ScanFailedV1{UID: uid, ScanID: "scan", ConsentEpoch: 1, Code: string(report.TooDark)}
}

func settled() event.SeriesSettledV1 {
	return event.SeriesSettledV1{
		UID: uid, SeriesID: "series", ConsentEpoch: 1, Engine: "facescan-2.0.0", EngineMajor: 2,
		Score: 61.2, Interval: event.Around(53.8, 68.1), Photos: 3, SettledAt: at, Revision: 1,
	}
}

func best(seriesID string) event.PersonalBestReachedV1 {
	b := event.PersonalBestReachedV1{
		UID: uid, ScanID: "scan", SeriesID: seriesID, Board: "symmetry_all_v2", ConsentEpoch: 1,
		Score: 61.2, Interval: event.Around(48.3, 72.9), Previous: 57,
	}
	if seriesID != "" {
		b.Revision = 1
	}
	return b
}

// All returns the samples, in the order of the kinds, with the digest at the end.
func All() ([]Sample, error) {
	var all []Sample
	for _, r := range notify.Rules {
		if r.Kind == notify.AccountErased {
			all = append(all, Sample{Name: string(r.Kind)})
		}
		for _, v := range variants {
			if notify.KindOf(v.data.EventType()) != r.Kind {
				continue
			}
			m, err := newMessage(v.data, v.name)
			if err != nil {
				return nil, err
			}
			name := strings.TrimSuffix(string(r.Kind)+"."+v.name, ".")
			all = append(all, Sample{Name: name, Messages: []notify.Message{m}, HideScore: v.hide})
		}
	}
	digest := Sample{Name: Digest}
	for i, data := range []event.Payload{scanned(), failed(), settled()} {
		m, err := newMessage(data, fmt.Sprint(Digest, i))
		if err != nil {
			return nil, err
		}
		digest.Messages = append(digest.Messages, m)
	}
	return append(all, digest), nil
}

func newMessage(data event.Payload, name string) (notify.Message, error) {
	e, err := event.New(event.ID(data.EventType(), name), at, "", data)
	if err != nil {
		return notify.Message{}, fmt.Errorf("make a sample: %w", err)
	}
	return notify.NewMessage(e)
}
