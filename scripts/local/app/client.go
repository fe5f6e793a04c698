// Package app acts as the mobile app: it knows the API and the upload URL, and nothing of the inside. The demo, the
// probe at the start of the local stack and systest go through it.
package app

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// Problem is an error answer of the API, RFC 9457.
type Problem struct {
	Status    int    `json:"status"`
	Code      string `json:"code"`
	Detail    string `json:"detail"`
	RequestID string `json:"requestId"`
}

// Error gives status, code and detail.
func (p *Problem) Error() string {
	return fmt.Sprintf("%d %s: %s (request %s)", p.Status, p.Code, p.Detail, p.RequestID)
}

// Client is one user's app.
type Client struct {
	// URL is the API's base.
	URL string
	// AuthHost is the Auth emulator, which stands for the user's mailbox when an address is to be verified.
	AuthHost string
	// Email and Password are the user's.
	Email, Password string
	// Transport carries the requests; nil is http.DefaultTransport. Tests look at what passes.
	Transport http.RoundTripper

	token string
}

// Tokens is what sign-up and login answer.
type Tokens struct {
	UID     string `json:"uid"`
	IDToken string `json:"idToken"`
}

// SignUp makes the user with e-mail and password.
func (c *Client) SignUp(ctx context.Context) (Tokens, error) { return c.credentials(ctx, "signup") }

// Login gets a fresh ID token.
func (c *Client) Login(ctx context.Context) (Tokens, error) { return c.credentials(ctx, "login") }

func (c *Client) credentials(ctx context.Context, action string) (Tokens, error) {
	var t Tokens
	err := c.Call(ctx, http.MethodPost, "/v1/auth/"+action, map[string]string{"email": c.Email, "password": c.Password}, &t)
	c.token = t.IDToken
	return t, err
}

// VerifyEmail asks for the verification mail and follows the link in it, then logs in again, since the token says
// whether the address is verified.
func (c *Client) VerifyEmail(ctx context.Context) error {
	if err := c.Call(ctx, http.MethodPost, "/v1/auth/verify-email", nil, nil); err != nil {
		return err
	}
	link, err := c.verificationLink(ctx)
	if err != nil {
		return err
	}
	if err := c.send(ctx, http.MethodGet, link, nil, nil, nil); err != nil {
		return fmt.Errorf("follow the verification link: %w", err)
	}
	_, err = c.Login(ctx)
	return err
}

func (c *Client) verificationLink(ctx context.Context) (string, error) {
	var sent struct {
		OOBCodes []struct {
			Email   string `json:"email"`
			OOBLink string `json:"oobLink"`
		} `json:"oobCodes"`
	}
	box := "http://" + c.AuthHost + "/emulator/v1/projects/demo-facescan/oobCodes"
	if err := c.send(ctx, http.MethodGet, box, nil, nil, &sent); err != nil {
		return "", fmt.Errorf("read the mailbox: %w", err)
	}
	for _, mail := range sent.OOBCodes {
		if mail.Email == c.Email {
			return mail.OOBLink, nil
		}
	}
	return "", fmt.Errorf("no verification mail for %s", c.Email)
}

// Device is a phone that takes pushes.
type Device struct {
	ID       string `json:"id"`
	Token    string `json:"token"`
	Platform string `json:"platform"`
}

// Register registers the user, with the phone that the welcome goes to.
func (c *Client) Register(ctx context.Context, name string, device Device) error {
	return c.Call(ctx, http.MethodPost, "/v1/auth/register", map[string]any{"displayName": name, "device": device}, nil)
}

// Username takes the username.
func (c *Client) Username(ctx context.Context, name string) error {
	return c.Call(ctx, http.MethodPut, "/v1/me/username", map[string]string{"username": name}, nil)
}

// Consent reads the consent text in force and agrees to it.
func (c *Client) Consent(ctx context.Context) error {
	var text struct {
		Current struct {
			Version string `json:"version"`
		} `json:"current"`
	}
	if err := c.Call(ctx, http.MethodGet, "/v1/me/consent", nil, &text); err != nil {
		return err
	}
	return c.Call(ctx, http.MethodPost, "/v1/me/consent", map[string]string{"version": text.Current.Version}, nil)
}

// Withdraw withdraws the consent.
func (c *Client) Withdraw(ctx context.Context) error {
	return c.Call(ctx, http.MethodDelete, "/v1/me/consent", nil, nil)
}

// OptIn takes part in the leaderboard, or no more.
func (c *Client) OptIn(ctx context.Context, in bool) error {
	body := map[string]any{"leaderboard": map[string]bool{"optIn": in}}
	return c.Call(ctx, http.MethodPatch, "/v1/me", body, nil)
}

// Scan is a scan as the API shows it.
type Scan struct {
	ID      string          `json:"id"`
	State   string          `json:"state"`
	Version int64           `json:"version"`
	Result  json.RawMessage `json:"result"`
	Failure *struct {
		Code   string   `json:"code"`
		Detail string   `json:"detail"`
		Fixes  []string `json:"fixes"`
	} `json:"failure"`
}

// Ticket is how to upload the photo.
type Ticket struct {
	Method  string            `json:"method"`
	URL     string            `json:"url"`
	Headers map[string]string `json:"headers"`
}

// Open opens a scan; the same key opens the same one. The ticket is nil when its photo is there already.
func (c *Client) Open(ctx context.Context, key, contentType string) (Scan, *Ticket, error) {
	var opened struct {
		Scan   Scan    `json:"scan"`
		Upload *Ticket `json:"upload"`
	}
	header := map[string]string{"Idempotency-Key": key}
	err := c.call(ctx, http.MethodPost, "/v1/uploads", header, map[string]string{"contentType": contentType}, &opened)
	return opened.Scan, opened.Upload, err
}

// Put uploads the photo with exactly the ticket's headers. A 412 says that the photo is there already.
func (c *Client) Put(ctx context.Context, t *Ticket, photo []byte) error {
	req, err := http.NewRequestWithContext(ctx, t.Method, t.URL, bytes.NewReader(photo))
	if err != nil {
		return fmt.Errorf("make upload: %w", err)
	}
	for name, value := range t.Headers {
		req.Header.Set(name, value)
	}
	return c.do(req, nil)
}

// Scan is the scan as it is now.
func (c *Client) Scan(ctx context.Context, id string) (Scan, error) {
	var s Scan
	return s, c.Call(ctx, http.MethodGet, "/v1/scans/"+id, nil, &s)
}

// AwaitScan polls, long, until the scan has ended.
func (c *Client) AwaitScan(ctx context.Context, id string) (Scan, error) {
	s, err := c.Scan(ctx, id)
	for err == nil && s.State != "completed" && s.State != "failed" && s.State != "expired" {
		path := fmt.Sprintf("/v1/scans/%s?wait=25&since=%d", id, s.Version)
		err = c.Call(ctx, http.MethodGet, path, nil, &s)
	}
	if err != nil {
		return s, fmt.Errorf("wait for scan %s: %w", id, err)
	}
	return s, nil
}

// Top is the leaderboard.
type Top struct {
	Board   string `json:"board"`
	Entries []struct {
		Rank     int     `json:"rank"`
		Username string  `json:"username"`
		Rating   float64 `json:"rating"`
		Scans    int     `json:"scans"`
		Me       bool    `json:"me"`
	} `json:"entries"`
}

// Top is the best of the board.
func (c *Client) Top(ctx context.Context) (Top, error) {
	var t Top
	return t, c.Call(ctx, http.MethodGet, "/v1/leaderboards/symmetry/top", nil, &t)
}

// Standing is the user's own place.
type Standing struct {
	OptIn bool `json:"optIn"`
	Rank  int  `json:"rank"`
	Total int  `json:"total"`
}

// Standing is the user's own place on the board.
func (c *Client) Standing(ctx context.Context) (Standing, error) {
	var s Standing
	return s, c.Call(ctx, http.MethodGet, "/v1/leaderboards/symmetry/me", nil, &s)
}

// Notification is an entry of the inbox.
type Notification struct {
	ID    string `json:"id"`
	Type  string `json:"type"`
	Title string `json:"title"`
	Body  string `json:"body"`
}

// Inbox is the user's notifications, newest first.
func (c *Client) Inbox(ctx context.Context) ([]Notification, error) {
	var inbox struct {
		Items []Notification `json:"items"`
	}
	return inbox.Items, c.Call(ctx, http.MethodGet, "/v1/inbox?limit=100", nil, &inbox)
}

// Call sends body as JSON, if it is not nil, with the user's token, and reads the answer into out, if that is not
// nil. An error answer is a *Problem.
func (c *Client) Call(ctx context.Context, method, path string, body, out any) error {
	return c.call(ctx, method, path, nil, body, out)
}

func (c *Client) call(ctx context.Context, method, path string, header map[string]string, body, out any) error {
	if err := c.send(ctx, method, c.URL+path, header, body, out); err != nil {
		return fmt.Errorf("%s %s: %w", method, path, err)
	}
	return nil
}

func (c *Client) send(ctx context.Context, method, target string, header map[string]string, body, out any) error {
	var content io.Reader
	if body != nil {
		encoded, err := json.Marshal(body)
		if err != nil {
			return fmt.Errorf("marshal body: %w", err)
		}
		content = bytes.NewReader(encoded)
	}
	req, err := http.NewRequestWithContext(ctx, method, target, content)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for name, value := range header {
		req.Header.Set(name, value)
	}
	return c.do(req, out)
}

func (c *Client) do(req *http.Request, out any) (err error) {
	resp, err := (&http.Client{Timeout: time.Minute, Transport: c.Transport}).Do(req)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	if resp.StatusCode >= http.StatusBadRequest {
		p := &Problem{Status: resp.StatusCode, Detail: string(answer)}
		_ = json.Unmarshal(answer, p) // storage answers in XML, which then stays the detail
		return p
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(answer, out); err != nil {
		return fmt.Errorf("read answer: %w", err)
	}
	return nil
}
