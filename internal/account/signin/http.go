package signin

import (
	"context"
	"fmt"
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
	// Failures are limited, and a token alone does not open routes that require App Check.
	api.Handle("POST /v1/auth/login", httpapi.Open, h.postLogin, httpapi.JSON)
	api.Handle("POST /v1/auth/refresh", httpapi.Public, h.postRefresh, httpapi.JSON)
	api.Handle("POST /v1/auth/password-reset", httpapi.Public, h.postPasswordReset, httpapi.JSON)
	api.Handle("POST /v1/auth/verify-email", httpapi.FreshUser, h.postVerifyEmail)
}

type signUpRequest struct {
	// Without both, Identity Toolkit would treat a sign-up as an anonymous one.
	Email    string `json:"email"    required:"true" nonempty:"true"`
	Password string `json:"password" required:"true" nonempty:"true"`
}

type logInRequest struct {
	Email    string `json:"email"    required:"true" nonempty:"true"`
	Password string `json:"password" required:"true" nonempty:"true"`
	// ClientToken is what the client's last sign-in answered.
	ClientToken string `json:"clientToken"`
}

type refreshRequest struct {
	RefreshToken string `json:"refreshToken" required:"true" nonempty:"true"`
}

type passwordResetRequest struct {
	Email       string `json:"email" required:"true"`
	ClientToken string `json:"clientToken"`
}

// maxPassword is the longest password that Firebase accepts, in characters
// (https://firebase.google.com/docs/auth/web/password-auth#enforce-password-policy).
const maxPassword = 4096

// checkCredentials checks credentials that were decoded. Their address must pass the check.
func checkCredentials(email, password string, check func(address string) bool) error {
	if utf8.RuneCountInString(password) > maxPassword {
		return fault.New(fault.CodeInvalidField, "The password is not valid.").
			WithField("/password", "must not be longer than %d characters", maxPassword)
	}
	return checkAddress(email, check)
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
	in, err := httpapi.Decode[signUpRequest](w, r)
	if err != nil {
		return err
	}
	if err := checkCredentials(in.Email, in.Password, isAddress); err != nil {
		return err
	}
	if err := h.limits.Take(r.Context(), SignUpsOfClient, quota.IP(httpapi.ClientIP(r))); err != nil {
		return err
	}
	s, err := h.signUp(r.Context(), in.Email, in.Password)
	if err != nil {
		return err
	}
	return h.writeSignIn(w, http.StatusCreated, s, in.Email, "")
}

// postLogin asks Identity Toolkit even for a client that hung up: if that cancelled the question,
// the attempt would be given back, and a client that always hangs up would guess without a limit.
func (h *Handler) postLogin(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[logInRequest](w, r)
	if err != nil {
		return err
	}
	if err := checkCredentials(in.Email, in.Password, looksLikeAddress); err != nil {
		return err
	}
	who := h.caller(r, in.Email, in.ClientToken)
	made, err := h.begin(r.Context(), who.logins())
	if err != nil {
		return err
	}
	ctx := context.WithoutCancel(r.Context())
	s, err := h.logIn(ctx, in.Email, in.Password)
	made.end(ctx, err)
	if err != nil {
		return err
	}
	if !made.known {
		who.known = "" // a copy of the token may have used its budget up: give it another
	}
	return h.writeSignIn(w, http.StatusOK, s, in.Email, who.known)
}

// writeSignIn answers with the session and a token for the client, by whose id it is known already,
// or "".
func (h *Handler) writeSignIn(w http.ResponseWriter, status int, s sessionView, mailbox, client string) error {
	token, err := h.newClientToken(mailbox, client)
	if err != nil {
		return fmt.Errorf("seal a client's token: %w", err)
	}
	return httpapi.Write(w, status, signInView{sessionView: s, ClientToken: token})
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

// postPasswordReset gives the same answer after the same time, whether or not a mail is sent. A
// client that hangs up changes nothing, since the mail is owed to whom it kept from asking for one.
func (h *Handler) postPasswordReset(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[passwordResetRequest](w, r)
	if err != nil {
		return err
	}
	if err := checkAddress(in.Email, looksLikeAddress); err != nil {
		return err
	}
	made, err := h.begin(r.Context(), h.caller(r, in.Email, in.ClientToken).resets())
	if err != nil {
		return err
	}
	answer := time.NewTimer(h.resetTakes)
	defer answer.Stop()
	if err := h.resetPassword(context.WithoutCancel(r.Context()), in.Email, made); err != nil {
		return err
	}
	select {
	case <-answer.C:
	case <-r.Context().Done():
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
