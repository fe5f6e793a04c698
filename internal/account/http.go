package account

import (
	"cmp"
	"net/http"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/sentence"
)

// RegisterRoutes adds the routes of the function register that need the database. The limits are
// those of [PutDevice].
func (s *Service) RegisterRoutes(api *httpapi.API, limits *quota.Limiter) {
	api.Handle("POST /v1/auth/register", httpapi.FreshUser, func(w http.ResponseWriter, r *http.Request) error {
		return s.postRegister(w, r, limits)
	}, httpapi.JSON)
}

// ProfileRoutes adds the routes of the function profile. Changes of the account can be made
// conditional on its ETag, which is one for profile, username and consent.
func (s *Service) ProfileRoutes(api *httpapi.API) {
	ifMatch := httpapi.Header(httpapi.IfMatch)
	api.Handle("GET /v1/me", httpapi.User, s.getMe, httpapi.Header(httpapi.IfNoneMatch))
	api.Handle("PATCH /v1/me", httpapi.User, s.patchMe, httpapi.MergePatch, ifMatch)
	api.Handle("GET /v1/me/username", httpapi.User, s.getMyUsername)
	api.Handle("PUT /v1/me/username", httpapi.FreshUser, s.putUsername, httpapi.JSON, ifMatch)
	api.Handle("GET /v1/usernames/{username}", httpapi.User, s.getUsername)
	api.Handle("GET /v1/me/consent", httpapi.User, s.getConsent)
	api.Handle("GET /v1/me/consent/history", httpapi.User, s.getConsentHistory, httpapi.Paged)
	api.Handle("POST /v1/me/consent", httpapi.FreshUser, s.postConsent, httpapi.JSON, ifMatch)
	api.Handle("DELETE /v1/me/consent", httpapi.FreshUser, s.deleteConsent, ifMatch)
}

type registerRequest struct {
	DisplayName string     `json:"displayName" nonempty:"true"`
	Locale      string     `json:"locale"      nonempty:"true"`
	Device      *newDevice `json:"device"`
}

type usernameRequest struct {
	Username string `json:"username" required:"true"`
}

type consentRequest struct {
	Version    string `json:"version" required:"true" nonempty:"true"`
	AppVersion string `json:"appVersion"              nonempty:"true"`
}

type usernameView struct {
	Username        string `json:"username,omitempty"`
	RenameAllowedAt string `json:"renameAllowedAt,omitempty"`
}

type availabilityView struct {
	Available bool `json:"available"`
	// Reason is why it is not, nil if it is.
	Reason *unavailableView `json:"reason,omitempty"`
}

// unavailableView is why a username is not available.
type unavailableView struct {
	// Code is "invalid" or "taken".
	Code   string `json:"code"`
	Detail string `json:"detail"`
	// Says is what Detail says of a name that is not valid.
	Says []sentence.Part `json:"says,omitempty"`
}

func newAvailabilityView(why error, lang sentence.Lang) availabilityView {
	switch f := fault.From(why); {
	case f == nil:
		return availabilityView{Available: true}
	case f.Code == fault.CodeUsernameTaken:
		return availabilityView{Reason: &unavailableView{
			Code: "taken", Detail: sentence.In(lang, f.Said.Format, f.Said.Args...),
		}}
	default:
		said := sentence.Fields(lang, f.Fields)[0]
		return availabilityView{Reason: &unavailableView{
			Code: "invalid", Detail: said.Detail, Says: []sentence.Part{{Code: said.Code, Params: said.Params}},
		}}
	}
}

type profileView struct {
	UID            UID             `json:"uid"`
	Email          string          `json:"email,omitempty"`
	EmailVerified  bool            `json:"emailVerified"`
	Username       string          `json:"username,omitempty"`
	DisplayName    string          `json:"displayName,omitempty"`
	Locale         string          `json:"locale,omitempty"`
	BirthYear      int             `json:"birthYear,omitempty"`
	Leaderboard    leaderboardView `json:"leaderboard"`
	KeepPhotosDays *int            `json:"keepPhotosDays,omitempty"`
	Consent        consentView     `json:"consent"`
	CreatedAt      string          `json:"createdAt"`
	UpdatedAt      string          `json:"updatedAt"`
}

type leaderboardView struct {
	OptIn bool `json:"optIn"`
	// RankEvents is whether changes of the rank are told.
	RankEvents bool `json:"rankEvents"`
	// Division is "women", "men" or "none".
	Division string `json:"division"`
}

// termsView is the user's consent and the terms in force.
type termsView struct {
	Current terms.Text  `json:"current"`
	Consent consentView `json:"consent"`
}

// consentView has neither version nor changedAt if consent was never given.
type consentView struct {
	// State is "never", "granted" or "withdrawn".
	State     string `json:"state"`
	Version   string `json:"version,omitempty"`
	ChangedAt string `json:"changedAt,omitempty"`
}

func writeProfile(w http.ResponseWriter, status int, u User) error {
	w.Header().Set("ETag", etag(u))
	return httpapi.Write(w, status, newProfileView(u))
}

func newProfileView(u User) profileView {
	return profileView{
		UID: u.UID, Email: u.Email, EmailVerified: u.EmailVerified,
		Username: u.Username, DisplayName: u.DisplayName, Locale: u.Locale,
		BirthYear: u.BirthYear, Leaderboard: newLeaderboardView(u), KeepPhotosDays: u.KeepPhotosDays,
		Consent:   newConsentView(u.Consent),
		CreatedAt: httpapi.Time(u.CreatedAt), UpdatedAt: httpapi.Time(u.UpdatedAt),
	}
}

func newConsentView(c Consent) consentView {
	v := consentView{State: "never", Version: c.Version, ChangedAt: showTime(c.At)}
	switch {
	case c.Granted:
		v.State = "granted"
	case c.Version != "":
		v.State = "withdrawn"
	}
	return v
}

func showTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return httpapi.Time(t)
}

// etag returns the entity tag of the account, which changes with the profile, the username and the
// consent.
func etag(u User) string { return etagIn(u, sentence.English) }

// etagIn is like [etag] for an answer in the language, whose strong tag is another one.
func etagIn(u User, lang sentence.Lang) string {
	tag := strconv.FormatInt(u.Revision, 10)
	if lang != sentence.English {
		tag += "-" + string(lang)
	}
	return strconv.Quote(tag)
}

// admits reports whether the account is as the tags say, in whatever language it was read.
func admits(tags *httpapi.Tags, u User) bool {
	return tags.Admit(etag(u)) || tags.Admit(etagIn(u, sentence.German))
}

// Caller returns the user who makes the request, by the ID token. users/{uid} may not exist.
func Caller(r *http.Request) UID { return UID(httpapi.Caller(r.Context()).UID) }

func (s *Service) postRegister(w http.ResponseWriter, r *http.Request, limits *quota.Limiter) error {
	in, err := httpapi.Decode[registerRequest](w, r)
	if err != nil {
		return err
	}
	p := patch{DisplayName: &in.DisplayName, Locale: &in.Locale}
	if err := p.validate(s.now()); err != nil {
		return err
	}
	if err := in.Device.validate(); err != nil {
		return err
	}
	u, created, err := s.register(r.Context(), limits, httpapi.Caller(r.Context()), in.DisplayName, in.Locale, in.Device)
	if err != nil {
		return err
	}
	if created {
		w.Header().Set("Location", "/v1/me")
		return writeProfile(w, http.StatusCreated, u)
	}
	return writeProfile(w, http.StatusOK, u)
}

func (s *Service) getMe(w http.ResponseWriter, r *http.Request) error {
	u, err := s.read(r.Context(), Caller(r))
	if err != nil {
		return err
	}
	if httpapi.NoneMatch(r).Include(etag(u)) {
		w.Header().Set("ETag", etag(u))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeProfile(w, http.StatusOK, u)
}

// noDivision is what the API calls [NoDivision].
const noDivision = "none"

func newLeaderboardView(u User) leaderboardView {
	return leaderboardView{
		OptIn: u.Leaderboard.OptIn, RankEvents: u.Leaderboard.RankEvents,
		Division: cmp.Or(string(u.Leaderboard.Division), noDivision),
	}
}

// profileRequest is a merge patch. null clears its Members. The others always have a value, or, as
// the birth year, are declared once.
type profileRequest struct {
	DisplayName    httpapi.Member[string] `json:"displayName" nonempty:"true"`
	Locale         httpapi.Member[string] `json:"locale" nonempty:"true"`
	BirthYear      *int                   `json:"birthYear"`
	KeepPhotosDays httpapi.Member[int]    `json:"keepPhotosDays"`
	Leaderboard    *struct {
		OptIn      *bool   `json:"optIn"`
		RankEvents *bool   `json:"rankEvents"`
		Division   *string `json:"division"`
	} `json:"leaderboard"`
}

func (c profileRequest) patch() patch {
	p := patch{
		DisplayName: orEmpty(c.DisplayName), Locale: orEmpty(c.Locale),
		BirthYear: c.BirthYear, KeepPhotosDays: c.KeepPhotosDays,
	}
	if c.Leaderboard != nil {
		p.OptIn, p.RankEvents, p.Division = c.Leaderboard.OptIn, c.Leaderboard.RankEvents, c.Leaderboard.Division
	}
	return p
}

// orEmpty returns the text of the member, nil if it is absent and "" if it is null.
func orEmpty(m httpapi.Member[string]) *string {
	if m.Given && m.Value == nil {
		return new(string)
	}
	return m.Value
}

func (s *Service) patchMe(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[profileRequest](w, r)
	if err != nil {
		return err
	}
	p := in.patch()
	if err := p.validate(s.now()); err != nil {
		return err
	}
	u, err := s.update(r.Context(), Caller(r), p, httpapi.Match(r))
	if err != nil {
		return err
	}
	return writeProfile(w, http.StatusOK, u)
}

func (s *Service) putUsername(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[usernameRequest](w, r)
	if err != nil {
		return err
	}
	u, err := s.rename(r.Context(), Caller(r), in.Username, httpapi.Match(r))
	if err != nil {
		return err
	}
	return writeProfile(w, http.StatusOK, u)
}

func (s *Service) getMyUsername(w http.ResponseWriter, r *http.Request) error {
	u, err := s.read(r.Context(), Caller(r))
	if err != nil {
		return err
	}
	w.Header().Set("ETag", etag(u))
	return httpapi.Write(w, http.StatusOK, usernameView{
		Username: u.Username, RenameAllowedAt: showTime(u.renameAllowedAt(s.now())),
	})
}

func (s *Service) getUsername(w http.ResponseWriter, r *http.Request) error {
	why, err := s.unavailable(r.Context(), Caller(r), r.PathValue("username"))
	if err != nil {
		return err
	}
	lang := sentence.OfAnswer(r)
	return httpapi.WriteIn(w, http.StatusOK, lang, newAvailabilityView(why, lang))
}

func writeConsent(w http.ResponseWriter, r *http.Request, status int, u User) error {
	lang := sentence.OfAnswer(r)
	w.Header().Set("ETag", etagIn(u, lang))
	return httpapi.WriteIn(w, status, lang, termsView{Current: terms.Current.In(lang), Consent: newConsentView(u.Consent)})
}

func (s *Service) getConsent(w http.ResponseWriter, r *http.Request) error {
	u, err := s.read(r.Context(), Caller(r))
	if err != nil {
		return err
	}
	return writeConsent(w, r, http.StatusOK, u)
}

func (s *Service) postConsent(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[consentRequest](w, r)
	if err != nil {
		return err
	}
	u, granted, err := s.grant(r.Context(), Caller(r), in.Version, in.AppVersion, httpapi.Match(r), func() sentence.Lang {
		return sentence.OfAnswer(r)
	})
	if err != nil {
		return err
	}
	if granted {
		return writeConsent(w, r, http.StatusCreated, u)
	}
	return writeConsent(w, r, http.StatusOK, u)
}

func (s *Service) deleteConsent(w http.ResponseWriter, r *http.Request) error {
	u, err := s.withdraw(r.Context(), Caller(r), httpapi.Match(r))
	if err != nil {
		return err
	}
	return writeConsent(w, r, http.StatusOK, u)
}
