package signin

import (
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/limit"
)

// Routes adds the routes of the function register that need no database.
func (t *Toolkit) Routes(api *httpapi.API) {
	api.Handle("POST /v1/auth/signup", httpapi.Public, t.postSignup)
	// Open, for the page for account deletion: whoever has lost the app has no App Check token. Attempts are limited, and a
	// token alone opens nothing of what asks for one.
	api.Handle("POST /v1/auth/login", httpapi.Open, t.postLogin)
	api.Handle("POST /v1/auth/refresh", httpapi.Public, t.postRefresh)
	api.Handle("POST /v1/auth/password-reset", httpapi.Public, t.postPasswordReset)
	api.Handle("POST /v1/auth/verify-email", httpapi.FreshUser, t.postVerifyEmail)
}

type credentials struct {
	Email    string `json:"email"`
	Password string `json:"password"`
}

// decode asks for both members, so that Identity Toolkit does not take a missing one for an anonymous sign-up.
func decode(w http.ResponseWriter, r *http.Request) (credentials, error) {
	in, err := httpapi.Decode[credentials](w, r)
	if err != nil {
		return credentials{}, err
	}
	bad := fault.New(fault.CodeInvalidField, "E-mail address and password are needed.")
	if in.Email == "" {
		_ = bad.WithField("/email", "is missing")
	}
	if in.Password == "" {
		_ = bad.WithField("/password", "is missing")
	}
	if len(bad.Fields) > 0 {
		return credentials{}, bad
	}
	return in, nil
}

func (t *Toolkit) postSignup(w http.ResponseWriter, r *http.Request) error {
	in, err := decode(w, r)
	if err != nil {
		return err
	}
	if err := t.limits.Take(r.Context(), SignUpsOfClient, limit.IP(httpapi.ClientIP(r))); err != nil {
		return err
	}
	s, err := t.signUp(r.Context(), in.Email, in.Password)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusCreated, s)
}

func (t *Toolkit) postLogin(w http.ResponseWriter, r *http.Request) error {
	in, err := decode(w, r)
	if err != nil {
		return err
	}
	if err := t.limits.Take(r.Context(), LoginsOfClient, limit.IP(httpapi.ClientIP(r))); err != nil {
		return err
	}
	if err := t.limits.Take(r.Context(), LoginsToMailbox, limit.Mailbox(in.Email)); err != nil {
		return err
	}
	s, err := t.logIn(r.Context(), in.Email, in.Password)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, s)
}

// postVerifyEmail sends nothing to an address that is verified already, and says the same.
func (t *Toolkit) postVerifyEmail(w http.ResponseWriter, r *http.Request) error {
	who := httpapi.Caller(r.Context())
	if !who.EmailVerified {
		if err := t.limits.Take(r.Context(), VerificationsOfUser, limit.User(who.UID)); err != nil {
			return err
		}
		if err := t.sendVerification(r.Context(), httpapi.Bearer(r)); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (t *Toolkit) postRefresh(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[struct {
		RefreshToken string `json:"refreshToken"`
	}](w, r)
	if err != nil {
		return err
	}
	if in.RefreshToken == "" {
		return fault.New(fault.CodeInvalidField, "The refresh token is needed.").WithField("/refreshToken", "is missing")
	}
	s, err := t.refresh(r.Context(), in.RefreshToken)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, s)
}

// postPasswordReset answers the same at the same time after the request, whether or not a mail is sent.
func (t *Toolkit) postPasswordReset(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[struct {
		Email string `json:"email"`
	}](w, r)
	if err != nil {
		return err
	}
	if !looksLikeAddress(in.Email) {
		return fault.New(fault.CodeInvalidField, "The e-mail address is not valid.").WithField("/email", "is no e-mail address")
	}
	if err := t.limits.Take(r.Context(), ResetsOfClient, limit.IP(httpapi.ClientIP(r))); err != nil {
		return err
	}
	answer := time.NewTimer(resetTakes)
	defer answer.Stop()
	if err := t.resetPassword(r.Context(), in.Email); err != nil {
		return err
	}
	select {
	case <-answer.C:
	case <-r.Context().Done():
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
