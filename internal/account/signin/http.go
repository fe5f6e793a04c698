package signin

import (
	"net/http"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// Routes adds the routes of the function register that need no database.
func (t *Toolkit) Routes(api *httpapi.API) {
	api.Handle("POST /v1/auth/signup", httpapi.Public, t.postSignup)
	api.Handle("POST /v1/auth/login", httpapi.Public, t.postLogin)
	api.Handle("POST /v1/auth/verify-email", httpapi.User, t.postVerifyEmail)
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
	s, err := t.logIn(r.Context(), in.Email, in.Password)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, s)
}

// postVerifyEmail sends nothing to an address that is verified already, and says the same.
func (t *Toolkit) postVerifyEmail(w http.ResponseWriter, r *http.Request) error {
	if !httpapi.Caller(r.Context()).EmailVerified {
		if err := t.sendVerification(r.Context(), httpapi.Bearer(r)); err != nil {
			return err
		}
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}
