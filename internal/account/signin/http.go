package signin

import (
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/quota"
)

// Routes adds the routes of the function register that need no database.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("POST /v1/auth/signup", httpapi.Public, h.postSignup, httpapi.JSON)
	// Open, for the account deletion page: a user who has lost the app has no App Check token.
	// Attempts are limited, and a token alone does not open routes that require App Check.
	api.Handle("POST /v1/auth/login", httpapi.Open, h.postLogin, httpapi.JSON)
	api.Handle("POST /v1/auth/refresh", httpapi.Public, h.postRefresh, httpapi.JSON)
	api.Handle("POST /v1/auth/password-reset", httpapi.Public, h.postPasswordReset, httpapi.JSON)
	api.Handle("POST /v1/auth/verify-email", httpapi.FreshUser, h.postVerifyEmail)
}

type signInRequest struct {
	// Without both, Identity Toolkit would treat a sign-up as an anonymous one.
	Email    string `json:"email"    required:"true" nonempty:"true"`
	Password string `json:"password" required:"true" nonempty:"true"`
}

type refreshRequest struct {
	RefreshToken string `json:"refreshToken" required:"true" nonempty:"true"`
}

type passwordResetRequest struct {
	Email string `json:"email" required:"true"`
}

// maxPassword is the longest password that Firebase accepts, in characters
// (https://firebase.google.com/docs/auth/web/password-auth#enforce-password-policy).
const maxPassword = 4096

// decodeCredentials decodes credentials whose address passes the check.
func decodeCredentials(w http.ResponseWriter, r *http.Request, check func(address string) bool) (signInRequest, error) {
	in, err := httpapi.Decode[signInRequest](w, r)
	if err != nil {
		return signInRequest{}, err
	}
	if utf8.RuneCountInString(in.Password) > maxPassword {
		return signInRequest{}, fault.New(fault.CodeInvalidField, "The password is not valid.").
			WithField("/password", "must not be longer than %d characters", maxPassword)
	}
	return in, checkAddress(in.Email, check)
}

func checkAddress(address string, check func(string) bool) error {
	if check(address) {
		return nil
	}
	return fault.New(
		fault.CodeInvalidField, "The e-mail address is not valid.",
	).WithField("/email", "is not an e-mail address")
}

func (h *Handler) postSignup(w http.ResponseWriter, r *http.Request) error {
	in, err := decodeCredentials(w, r, isAddress)
	if err != nil {
		return err
	}
	if err := h.limits.Take(r.Context(), SignUpsOfClient, quota.IP(httpapi.ClientIP(r))); err != nil {
		return err
	}
	s, err := h.signUp(r.Context(), in.Email, in.Password)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusCreated, s)
}

func (h *Handler) postLogin(w http.ResponseWriter, r *http.Request) error {
	in, err := decodeCredentials(w, r, looksLikeAddress)
	if err != nil {
		return err
	}
	if err := h.limits.Take(r.Context(), LoginsOfClient, quota.IP(httpapi.ClientIP(r))); err != nil {
		return err
	}
	if err := h.limits.Take(r.Context(), LoginsToMailbox, quota.Mailbox(in.Email)); err != nil {
		return err
	}
	s, err := h.logIn(r.Context(), in.Email, in.Password)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, s)
}

// postVerifyEmail sends nothing if the address is already verified, but answers the same.
func (h *Handler) postVerifyEmail(w http.ResponseWriter, r *http.Request) error {
	who := httpapi.Caller(r.Context())
	if !who.EmailVerified {
		if err := h.limits.Take(r.Context(), VerificationsOfUser, quota.User(who.UID)); err != nil {
			return err
		}
		if err := h.sendVerification(r.Context(), httpapi.Bearer(r)); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

func (h *Handler) postRefresh(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[refreshRequest](w, r)
	if err != nil {
		return err
	}
	s, err := h.refresh(r.Context(), in.RefreshToken)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, s)
}

// postPasswordReset gives the same answer after the same time, whether or not a mail is sent.
func (h *Handler) postPasswordReset(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[passwordResetRequest](w, r)
	if err != nil {
		return err
	}
	if err := checkAddress(in.Email, looksLikeAddress); err != nil {
		return err
	}
	if err := h.limits.Take(r.Context(), ResetsOfClient, quota.IP(httpapi.ClientIP(r))); err != nil {
		return err
	}
	answer := time.NewTimer(resetTakes)
	defer answer.Stop()
	if err := h.resetPassword(r.Context(), in.Email); err != nil {
		return err
	}
	select {
	case <-answer.C:
	case <-r.Context().Done():
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
