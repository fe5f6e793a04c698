package account

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/httpapi"
)

// RegisterRoutes adds the routes of the function register that need the database.
func (s *Service) RegisterRoutes(api *httpapi.API) {
	api.Handle("POST /v1/auth/register", httpapi.FreshUser, s.postRegister)
}

// ProfileRoutes adds the routes of the function profile.
func (s *Service) ProfileRoutes(api *httpapi.API) {
	api.Handle("GET /v1/me", httpapi.User, s.getMe)
	api.Handle("PATCH /v1/me", httpapi.User, s.patchMe)
	api.Handle("GET /v1/me/username", httpapi.User, s.getMyUsername)
	api.Handle("PUT /v1/me/username", httpapi.FreshUser, s.putUsername)
	api.Handle("GET /v1/usernames/{username}", httpapi.User, s.getUsername)
	api.Handle("GET /v1/me/consent", httpapi.User, s.getConsent)
	api.Handle("GET /v1/me/consent/history", httpapi.User, s.getConsentHistory)
	api.Handle("POST /v1/me/consent", httpapi.FreshUser, s.postConsent)
	api.Handle("DELETE /v1/me/consent", httpapi.FreshUser, s.deleteConsent)
}

type profileJSON struct {
	UID            UID             `json:"uid"`
	Email          string          `json:"email"`
	EmailVerified  bool            `json:"emailVerified"`
	Username       string          `json:"username"`
	DisplayName    string          `json:"displayName"`
	Locale         string          `json:"locale"`
	BirthYear      int             `json:"birthYear,omitempty"`
	Leaderboard    leaderboardJSON `json:"leaderboard"`
	KeepPhotosDays *int            `json:"keepPhotosDays,omitempty"`
	Consent        consentJSON     `json:"consent"`
	CreatedAt      string          `json:"createdAt"`
	UpdatedAt      string          `json:"updatedAt"`
}

type leaderboardJSON struct {
	OptIn bool `json:"optIn"`
}

// consentJSON has neither version nor at where consent was never given.
type consentJSON struct {
	Granted bool   `json:"granted"`
	Version string `json:"version,omitempty"`
	At      string `json:"at,omitempty"`
}

func writeProfile(w http.ResponseWriter, status int, u User) error {
	w.Header().Set("ETag", etag(u))
	return httpapi.Write(w, status, profileJSON{
		UID: u.UID, Email: u.Email, EmailVerified: u.EmailVerified,
		Username: u.Username, DisplayName: u.DisplayName, Locale: u.Locale,
		BirthYear: u.BirthYear, Leaderboard: leaderboardJSON{OptIn: u.Leaderboard.OptIn}, KeepPhotosDays: u.KeepPhotosDays,
		Consent:   showConsent(u.Consent),
		CreatedAt: httpapi.Time(u.CreatedAt), UpdatedAt: httpapi.Time(u.UpdatedAt),
	})
}

func showConsent(c Consent) consentJSON {
	return consentJSON{Granted: c.Granted, Version: c.Version, At: showTime(c.At)}
}

func showTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return httpapi.Time(t)
}

func etag(u User) string { return strconv.Quote(strconv.FormatInt(u.Revision, 10)) }

// matches is RFC 9110's If-Match: absent, "*", or a list of strong tags with the current one among them.
func matches(ifMatch, current string) bool {
	if ifMatch == "" || ifMatch == "*" {
		return true
	}
	return slices.ContainsFunc(strings.Split(ifMatch, ","), func(tag string) bool {
		return strings.TrimSpace(tag) == current
	})
}

// matchesNone is RFC 9110's If-None-Match: "*", or a list with the current tag among them, weak or strong.
func matchesNone(ifNoneMatch, current string) bool {
	return strings.TrimSpace(ifNoneMatch) == "*" || slices.ContainsFunc(strings.Split(ifNoneMatch, ","), func(tag string) bool {
		return strings.TrimPrefix(strings.TrimSpace(tag), "W/") == current
	})
}

// Caller is the user who makes the request, by the ID token; it says nothing of whether users/{uid} exists.
func Caller(r *http.Request) UID { return UID(httpapi.Caller(r.Context()).UID) }

func (s *Service) postRegister(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[struct {
		DisplayName string     `json:"displayName"`
		Locale      string     `json:"locale"`
		Device      *newDevice `json:"device"`
	}](w, r)
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
	u, created, err := s.register(r.Context(), httpapi.Caller(r.Context()), in.DisplayName, in.Locale, in.Device)
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
	if matchesNone(strings.Join(r.Header.Values("If-None-Match"), ","), etag(u)) {
		w.Header().Set("ETag", etag(u))
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return writeProfile(w, http.StatusOK, u)
}

func (s *Service) patchMe(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[struct {
		DisplayName    *string `json:"displayName"`
		Locale         *string `json:"locale"`
		BirthYear      *int    `json:"birthYear"`
		KeepPhotosDays *int    `json:"keepPhotosDays"`
		Leaderboard    *struct {
			OptIn *bool `json:"optIn"`
		} `json:"leaderboard"`
	}](w, r)
	if err != nil {
		return err
	}
	p := patch{DisplayName: in.DisplayName, Locale: in.Locale, BirthYear: in.BirthYear, KeepPhotosDays: in.KeepPhotosDays}
	if in.Leaderboard != nil {
		p.OptIn = in.Leaderboard.OptIn
	}
	if err := p.validate(s.now()); err != nil {
		return err
	}
	u, err := s.update(r.Context(), Caller(r), p, strings.Join(r.Header.Values("If-Match"), ","))
	if err != nil {
		return err
	}
	return writeProfile(w, http.StatusOK, u)
}

func (s *Service) putUsername(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[struct {
		Username string `json:"username"`
	}](w, r)
	if err != nil {
		return err
	}
	u, err := s.rename(r.Context(), Caller(r), in.Username)
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
	return httpapi.Write(w, http.StatusOK, struct {
		Has             bool   `json:"has"`
		Username        string `json:"username"`
		RenameAllowedAt string `json:"renameAllowedAt,omitempty"`
	}{u.Username != "", u.Username, showTime(u.renameAllowedAt(s.now()))})
}

func (s *Service) getUsername(w http.ResponseWriter, r *http.Request) error {
	available, err := s.available(r.Context(), Caller(r), r.PathValue("username"))
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, struct {
		Available bool `json:"available"`
	}{available})
}

func writeConsent(w http.ResponseWriter, status int, u User) error {
	return httpapi.Write(w, status, struct {
		Current Terms       `json:"current"`
		Consent consentJSON `json:"consent"`
	}{CurrentTerms, showConsent(u.Consent)})
}

func (s *Service) getConsent(w http.ResponseWriter, r *http.Request) error {
	u, err := s.read(r.Context(), Caller(r))
	if err != nil {
		return err
	}
	return writeConsent(w, http.StatusOK, u)
}

func (s *Service) postConsent(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[struct {
		Version    string `json:"version"`
		AppVersion string `json:"appVersion"`
	}](w, r)
	if err != nil {
		return err
	}
	u, granted, err := s.grant(r.Context(), Caller(r), in.Version, in.AppVersion)
	if err != nil {
		return err
	}
	if granted {
		return writeConsent(w, http.StatusCreated, u)
	}
	return writeConsent(w, http.StatusOK, u)
}

func (s *Service) deleteConsent(w http.ResponseWriter, r *http.Request) error {
	u, err := s.withdraw(r.Context(), Caller(r))
	if err != nil {
		return err
	}
	return writeConsent(w, http.StatusOK, u)
}
