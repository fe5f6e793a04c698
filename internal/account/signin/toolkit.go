package signin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"time"

	"firebase.google.com/go/v4/auth"
	identitytoolkit "google.golang.org/api/identitytoolkit/v1"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/quota"
)

// timeout bounds one call, since the user is waiting.
const timeout = 10 * time.Second

// Handler serves sign-up, login and recovery by calling Identity Toolkit. It is safe for concurrent
// use.
type Handler struct {
	accounts *identitytoolkit.AccountsService
	tokens   tokenService
	users    *auth.Client
	limits   *quota.Limiter
	key      keys.Ring
	now      func() time.Time
	// resetTakes is [resetTakes], but in tests of other things.
	resetTakes time.Duration
}

// Options are what a [Handler] works with. All are required.
type Options struct {
	// APIKey is the project's web API key. It is not needed with the Auth emulator.
	APIKey string
	// Users are the project's.
	Users *auth.Client
	// Limits count.
	Limits *quota.Limiter
	// Key is for keys.ForClients and seals the tokens of clients. Now is the clock that they are
	// checked by.
	Key keys.Ring
	Now func() time.Time
}

// New returns a handler for the project of the web API key, or for the Auth emulator if
// FIREBASE_AUTH_EMULATOR_HOST names one, like Firebase's own client.
func New(ctx context.Context, o Options) (*Handler, error) {
	apiKey := o.APIKey
	var opts []option.ClientOption
	refreshHost := "https://securetoken.googleapis.com"
	if host := os.Getenv("FIREBASE_AUTH_EMULATOR_HOST"); host != "" {
		opts = append(opts, option.WithEndpoint("http://"+host+"/identitytoolkit.googleapis.com/"))
		refreshHost = "http://" + host + "/securetoken.googleapis.com"
		apiKey = "emulator" // the emulator accepts any key
	}
	if apiKey == "" {
		return nil, errors.New("FACESCAN_FIREBASE_API_KEY is not set")
	}
	opts = append(opts, option.WithAPIKey(apiKey),
		// The generated client would log the request with its password if GOOGLE_SDK_GO_LOGGING_LEVEL is
		// "debug".
		option.WithLogger(slog.New(slog.DiscardHandler)))
	client, err := identitytoolkit.NewService(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("make the Identity Toolkit client: %w", err)
	}
	tokens := tokenService{url: refreshHost + "/v1/token?key=" + url.QueryEscape(apiKey)}
	return &Handler{
		accounts: client.Accounts, tokens: tokens, users: o.Users, limits: o.Limits, key: o.Key, now: o.Now,
		resetTakes: resetTakes,
	}, nil
}

// sessionView is the answer to a refresh.
type sessionView struct {
	UID          string `json:"uid"`
	IDToken      string `json:"idToken"`
	RefreshToken string `json:"refreshToken"`
	// ExpiresIn is the life of the ID token in seconds.
	ExpiresIn int64 `json:"expiresIn"`
}

// signInView is the answer to a sign-in.
type signInView struct {
	sessionView
	// ClientToken is what the client sends with its next login to the mailbox.
	ClientToken string `json:"clientToken"`
}

func (h *Handler) signUp(ctx context.Context, email, password string) (sessionView, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := h.accounts.SignUp(&identitytoolkit.GoogleCloudIdentitytoolkitV1SignUpRequest{
		Email: email, Password: password,
	}).Context(ctx).Do()
	if err != nil {
		return sessionView{}, toolkitFault(err)
	}
	return sessionView{
		UID: answer.LocalId, IDToken: answer.IdToken, RefreshToken: answer.RefreshToken, ExpiresIn: answer.ExpiresIn,
	}, nil
}

func (h *Handler) logIn(ctx context.Context, email, password string) (sessionView, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	answer, err := h.accounts.SignInWithPassword(&identitytoolkit.GoogleCloudIdentitytoolkitV1SignInWithPasswordRequest{
		Email: email, Password: password, ReturnSecureToken: true,
	}).Context(ctx).Do()
	if err != nil {
		return sessionView{}, hideUser(toolkitFault(err))
	}
	if answer.MfaPendingCredential != "" {
		return sessionView{}, fault.New(
			fault.CodeSecondFactorNeeded, "This account has a second factor: sign in with the app.",
		)
	}
	return sessionView{
		UID: answer.LocalId, IDToken: answer.IdToken, RefreshToken: answer.RefreshToken, ExpiresIn: answer.ExpiresIn,
	}, nil
}

// sendVerification makes Firebase send its mail to the address of the ID token's user.
func (h *Handler) sendVerification(ctx context.Context, idToken string) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return h.send(ctx, &identitytoolkit.GoogleCloudIdentitytoolkitV1GetOobCodeRequest{
		RequestType: "VERIFY_EMAIL", IdToken: idToken,
	})
}

func (h *Handler) send(ctx context.Context, mail *identitytoolkit.GoogleCloudIdentitytoolkitV1GetOobCodeRequest) error {
	if _, err := h.accounts.SendOobCode(mail).Context(ctx).Do(); err != nil {
		return toolkitFault(err)
	}
	return nil
}

// withoutURL removes the URL from a transport error: it contains the API key, and URLs are not
// logged.
func withoutURL(err error) error {
	var at *url.Error
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}
