package account

import (
	"context"
	"time"

	"golang.org/x/text/language"

	"github.com/facescan/facescan/internal/account/username"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/usertext"
)

const (
	maxDisplayName = 64 // characters, see [usertext.Line]
	maxAppVersion  = 64 // characters
	// maxLocale bounds what is parsed. No tag in use is longer, and parsing takes more than linear
	// time.
	maxLocale = 35 // bytes
	// firstBirthYear is earlier than the birth of anybody alive.
	firstBirthYear = 1900
	// maxKeepPhotosDays leaves a day to the bucket's rule that deletes every photo 8 days after its
	// upload.
	maxKeepPhotosDays = 7
)

// patch is a partial update. Fields that are nil stay unchanged.
type patch struct {
	DisplayName    *string
	Locale         *string
	OptIn          *bool
	RankEvents     *bool
	Division       *string
	BirthYear      *int
	KeepPhotosDays httpapi.Member[int]
}

// validate checks the whole patch and normalizes the display name and the locale.
func (p *patch) validate(now time.Time) error {
	bad := fault.New(fault.CodeInvalidField, "Some members of the profile are not valid.")
	if p.DisplayName != nil {
		*p.DisplayName = checkText(bad, "/displayName", *p.DisplayName, maxDisplayName)
		if usertext.Insults(*p.DisplayName) {
			_ = bad.WithField("/displayName", "%s", username.ErrInsults)
		}
	}
	if p.Locale != nil {
		*p.Locale = checkLocale(bad, *p.Locale)
	}
	if last := now.UTC().Year(); p.BirthYear != nil && (*p.BirthYear < firstBirthYear || *p.BirthYear > last) {
		_ = bad.WithField("/birthYear", "must be a year of %d to %d", firstBirthYear, last)
	}
	if days := p.KeepPhotosDays.Value; days != nil && (*days < 0 || *days > maxKeepPhotosDays) {
		_ = bad.WithField("/keepPhotosDays", "must be 0 to %d", maxKeepPhotosDays)
	}
	if d := p.Division; d != nil && *d != noDivision && *d != string(Women) && *d != string(Men) {
		_ = bad.WithField("/leaderboard/division", "must be women, men or none")
	}
	return bad.Err()
}

// checkText returns the normalized line of free text, or adds the field to bad; see
// [usertext.Line].
func checkText(bad *fault.Error, pointer, text string, limit int) string {
	line, err := usertext.Line(text, limit)
	if err != nil {
		_ = bad.WithField(pointer, "%s", err)
	}
	return line
}

// checkLocale returns the canonical BCP 47 tag, or adds the field to bad. "" stands for no locale.
func checkLocale(bad *fault.Error, locale string) string {
	if locale == "" {
		return ""
	}
	if len(locale) <= maxLocale {
		tag, err := language.Parse(locale)
		if err == nil && tag != language.Und {
			return tag.String()
		}
	}
	_ = bad.WithField("/locale", "must be a language tag such as \"en\" or \"pt-BR\"")
	return locale
}

// update applies the patch to an account that has one of the entity tags.
func (s *Service) update(ctx context.Context, uid UID, p patch, tags *httpapi.Tags) (User, error) {
	u, _, err := s.change(ctx, uid, tags, func(_ *outbox.Tx, u *User) (effect, error) { return p.apply(u, s.now()) })
	return u, err
}

func (p *patch) apply(u *User, now time.Time) (effect, error) {
	did := nothing
	if p.BirthYear != nil && *p.BirthYear != u.BirthYear {
		// Otherwise a user who is refused for the declared year could declare another.
		if u.BirthYear != 0 {
			return nothing, fault.New(fault.CodeBirthYearFixed, "The birth year is declared once. Support can correct it.")
		}
		u.BirthYear, did = *p.BirthYear, private
	}
	if p.Locale != nil && *p.Locale != u.Locale {
		u.Locale, did = *p.Locale, private
	}
	if p.KeepPhotosDays.Given && !same(p.KeepPhotosDays.Value, u.KeepPhotosDays) {
		u.KeepPhotosDays, did = p.KeepPhotosDays.Value, private
	}
	if p.DisplayName != nil && *p.DisplayName != u.DisplayName {
		u.DisplayName, did = *p.DisplayName, visible
	}
	if p.OptIn != nil && *p.OptIn != u.Leaderboard.OptIn {
		u.Leaderboard.OptIn, did = *p.OptIn, visible
	}
	if p.RankEvents != nil && *p.RankEvents != u.Leaderboard.RankEvents {
		u.Leaderboard.RankEvents, did = *p.RankEvents, visible
	}
	if p.Division == nil {
		return did, nil
	}
	divided, err := u.divide(divisionOf(*p.Division), now)
	return max(did, divided), err
}

// DivisionPause is how long a user stays in a division before changing it again: the first
// declaration is free, and a user cannot visit the boards of each on one day.
const DivisionPause = 30 * 24 * time.Hour

// divisionOf returns the division that the API calls by the name.
func divisionOf(name string) Division {
	if name == noDivision {
		return NoDivision
	}
	return Division(name)
}

// divide puts the user into the division.
func (u *User) divide(d Division, now time.Time) (effect, error) {
	if d == u.Leaderboard.Division {
		return nothing, nil
	}
	if again := u.Leaderboard.DividedAt.Add(DivisionPause); !u.Leaderboard.DividedAt.IsZero() && now.Before(again) {
		return nothing, fault.New(fault.CodeDivisionCooldown,
			"The division can be changed once in 30 days, and again after %s.", httpapi.Time(again)).
			WithRetryAfter(again.Sub(now))
	}
	u.Leaderboard.Division, u.Leaderboard.DividedAt = d, now.UTC()
	return visible, nil
}

// same reports whether a and b are both nil or equal.
func same(a, b *int) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
