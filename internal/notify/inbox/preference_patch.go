package inbox

import (
	"maps"
	"slices"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
)

// preferencesPatch is a merge patch (RFC 7396) of the preferences. null resets to the default.
type preferencesPatch struct {
	Push       httpapi.Member[bool]       `json:"push"`
	Email      httpapi.Member[bool]       `json:"email"`
	Kinds      httpapi.Member[kindsPatch] `json:"kinds"`
	QuietHours httpapi.Member[quietPatch] `json:"quietHours"`
	Digest     httpapi.Member[bool]       `json:"digest"`
	HideScore  httpapi.Member[bool]       `json:"hideScore"`
}

// kindsPatch has by kind and channel whether it is on.
type kindsPatch map[string]httpapi.Member[map[string]httpapi.Member[bool]]

type quietPatch struct {
	From httpapi.Member[string] `json:"from"`
	To   httpapi.Member[string] `json:"to"`
	Zone httpapi.Member[string] `json:"zone"`
}

// apply returns the preferences with the patch. It leaves the given ones as they are.
func (c preferencesPatch) apply(p account.Notifications) (account.Notifications, error) {
	p.Push = valueOr(c.Push, p.Push, true)
	p.Email = valueOr(c.Email, p.Email, true)
	p.HideScore = valueOr(c.HideScore, p.HideScore, false)
	if c.Digest.Given {
		p.Digest = c.Digest.Value
	}
	var err error
	if c.Kinds.Given {
		if p.Cells, err = c.Kinds.Value.apply(p.Cells); err != nil {
			return p, err
		}
	}
	if c.QuietHours.Given {
		if p.Quiet, err = c.QuietHours.Value.apply(p.Quiet); err != nil {
			return p, err
		}
	}
	return p, nil
}

// valueOr returns the member's value: as it is if the member is absent, and reset if it is null.
func valueOr[T any](m httpapi.Member[T], asIs, reset T) T {
	switch {
	case !m.Given:
		return asIs
	case m.Value == nil:
		return reset
	default:
		return *m.Value
	}
}

// apply returns the cells with the patch, of which nil is null. A critical kind is never off, so it
// has no cells.
func (c *kindsPatch) apply(cells map[string]map[string]bool) (map[string]map[string]bool, error) {
	if c == nil {
		return nil, nil
	}
	changed := maps.Clone(cells)
	if changed == nil {
		changed = map[string]map[string]bool{}
	}
	at := jsontext.Pointer("/kinds")
	for _, kind := range slices.Sorted(maps.Keys(*c)) {
		rule, ok := notify.RuleOf(notify.Kind(kind))
		if !ok {
			return nil, unknown(at.AppendToken(kind), "is no kind of notice")
		}
		row, err := patchRow(at.AppendToken(kind), rule, changed[kind], (*c)[kind])
		if err != nil {
			return nil, err
		}
		delete(changed, kind)
		if len(row) > 0 {
			changed[kind] = row
		}
	}
	if len(changed) == 0 {
		return nil, nil
	}
	return changed, nil
}

// patchRow returns the cells of a kind with the patch.
func patchRow(
	at jsontext.Pointer, rule notify.Rule, row map[string]bool, patch httpapi.Member[map[string]httpapi.Member[bool]],
) (map[string]bool, error) {
	if patch.Value == nil {
		return nil, nil
	}
	changed := maps.Clone(row)
	if changed == nil {
		changed = map[string]bool{}
	}
	for _, channel := range slices.Sorted(maps.Keys(*patch.Value)) {
		on := (*patch.Value)[channel]
		switch {
		case !rule.Has(notify.Channel(channel)):
			return nil, unknown(at.AppendToken(channel), "is no channel of this kind")
		case rule.Critical && on.Value != nil && !*on.Value:
			return nil, fault.New(fault.CodeNotOptional, "Notices about the account's safety cannot be turned off.").
				WithField(string(at.AppendToken(channel)), "must not be false")
		case on.Value == nil || rule.Critical:
			delete(changed, channel)
		default:
			changed[channel] = *on.Value
		}
	}
	return changed, nil
}

func unknown(at jsontext.Pointer, sentence string) error {
	return fault.New(fault.CodeUnknownField, "The body has a member that is not known here.").
		WithField(string(at), sentence)
}

// apply returns the quiet hours with the patch, of which nil is null. They are nil if they are
// empty.
func (c *quietPatch) apply(q *account.QuietHours) (*account.QuietHours, error) {
	if c == nil {
		return nil, nil
	}
	var wants account.QuietHours
	if q != nil {
		wants = *q
	}
	wants.From, wants.To = valueOr(c.From, wants.From, ""), valueOr(c.To, wants.To, "")
	wants.Zone = valueOr(c.Zone, wants.Zone, "")
	bad := fault.New(fault.CodeInvalidField, "The quiet hours are not valid.")
	for _, clock := range [][2]string{{"from", wants.From}, {"to", wants.To}} {
		if clock[1] == "" {
			_ = bad.WithField("/quietHours/"+clock[0], "is missing")
		} else if notify.ParseClock(clock[1]) != nil {
			_ = bad.WithField("/quietHours/"+clock[0], "must be a time of the day such as 22:00")
		}
	}
	if _, err := notify.ParseZone(wants.Zone); err != nil {
		_ = bad.WithField("/quietHours/zone", "must be the IANA name of a zone, such as Europe/Berlin")
	}
	if wants.From == "00:00" && wants.To == "00:00" {
		_ = bad.WithField("/quietHours/to", "would make the whole day quiet: turn the channels off instead")
	}
	if err := bad.Err(); err != nil {
		return nil, err
	}
	if wants.From == wants.To {
		return nil, nil
	}
	return &wants, nil
}
