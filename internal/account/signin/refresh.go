package signin

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"google.golang.org/api/googleapi"
)

// maxTokens is the longest answer that is read, in bytes. An ID token has a few thousand.
const maxTokens = 64 << 10

// tokenService exchanges refresh tokens. It is a separate service of Firebase without a generated
// client (https://firebase.google.com/docs/reference/rest/auth#section-refresh-token).
type tokenService struct {
	// url contains the API key.
	url string
}

// refresh returns a fresh ID token. The refresh token may be replaced, so the app must keep the one
// in the answer.
func (h *Handler) refresh(ctx context.Context, refreshToken string) (sessionView, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s, err := h.tokens.exchange(ctx, refreshToken)
	if err != nil {
		return sessionView{}, toolkitFault(err)
	}
	return s, nil
}

func (s tokenService) exchange(ctx context.Context, refreshToken string) (_ sessionView, err error) {
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refreshToken}}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.url, strings.NewReader(form.Encode()))
	if err != nil {
		return sessionView{}, fmt.Errorf("make request: %w", withoutURL(err))
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return sessionView{}, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if err := googleapi.CheckResponse(res); err != nil {
		return sessionView{}, err
	}
	var answer struct {
		UserID       string `json:"user_id"`
		IDToken      string `json:"id_token"`
		RefreshToken string `json:"refresh_token"`
		ExpiresIn    int64  `json:"expires_in,string"`
	}
	if err := json.NewDecoder(io.LimitReader(res.Body, maxTokens)).Decode(&answer); err != nil {
		return sessionView{}, fmt.Errorf("read the tokens: %w", err)
	}
	return sessionView{
		UID: answer.UserID, IDToken: answer.IDToken, RefreshToken: answer.RefreshToken, ExpiresIn: answer.ExpiresIn,
	}, nil
}
