// Package client acts as the mobile app: it calls the API through the client generated from its
// contract, and the upload URL, and nothing of the inside. The demo, the probe at the start of the
// local stack and systest go through it.
package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/export/archive"
)

// timeout bounds one request; the longest wait of the API is 25 seconds.
const timeout = time.Minute

// Problem is an error answer of the API, RFC 9457.
type Problem api.Problem

// Error returns status, code and detail.
func (p *Problem) Error() string {
	request := ""
	if p.RequestID != nil {
		request = " (request " + *p.RequestID + ")"
	}
	return fmt.Sprintf("%d %s: %s%s", p.Status, p.Code, p.Detail, request)
}

// Client is one user's app.
type Client struct {
	// URL is the API's base.
	URL string
	// AuthHost is the Auth emulator, which stands for the user's mailbox when an address is to be
	// verified.
	AuthHost string
	// Email and Password are the user's.
	Email, Password string
	// Transport carries the requests; nil is http.DefaultTransport. Tests look at what passes.
	Transport http.RoundTripper

	token string
	// known is the client token of the last sign-in.
	known string
}

// API returns every operation of the contract, as this user. An answer of 400 and above is a
// *Problem in the error's chain.
func (c *Client) API() *api.ClientWithResponses {
	return &api.ClientWithResponses{ClientInterface: &api.Client{
		Server: c.URL + "/", Client: doer(c.do), RequestEditors: []api.RequestEditorFn{c.authorize},
	}}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(req *http.Request) (*http.Response, error) { return d(req) }

func (c *Client) authorize(_ context.Context, req *http.Request) error {
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	return nil
}

func (c *Client) do(req *http.Request) (_ *http.Response, err error) {
	client := http.Client{Timeout: timeout, Transport: c.Transport}
	resp, err := client.Do(req) //nolint:gosec // the user chose the address
	if err != nil {
		return nil, err
	}
	if resp.StatusCode < http.StatusBadRequest {
		return resp, nil
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, fmt.Errorf("read answer: %w", err)
	}
	p := &Problem{Status: resp.StatusCode, Detail: string(answer)}
	_ = json.Unmarshal(answer, p) // storage answers in XML, which then stays the detail
	return nil, fmt.Errorf("%s %s: %w", req.Method, req.URL.Path, p)
}

// Do sends one request as this user: for what no operation of the contract is, such as a path that
// does not exist.
func (c *Client) Do(ctx context.Context, method, path string) error {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	return c.discard(req, c.authorize(ctx, req))
}

// discard sends the request and has no use for the answer's body.
func (c *Client) discard(req *http.Request, err error) error {
	if err != nil {
		return err
	}
	resp, err := c.do(req)
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// body returns the one of the answer's bodies that is there: the contract promises one for each
// success.
func body[T any](resp interface{ Status() string }, of ...*T) (T, error) {
	for _, b := range of {
		if b != nil {
			return *b, nil
		}
	}
	var none T
	return none, fmt.Errorf("the answer %s has no body that the contract describes", resp.Status())
}

// SignUp makes the user with e-mail and password.
func (c *Client) SignUp(ctx context.Context) (api.SignIn, error) {
	resp, err := c.API().SignUpWithResponse(ctx, api.Credentials{Email: c.Email, Password: c.Password})
	if err != nil {
		return api.SignIn{}, err
	}
	return c.signedIn(body(resp, resp.JSON201))
}

// Login gets a fresh ID token.
func (c *Client) Login(ctx context.Context) (api.SignIn, error) {
	in := api.LoginCredentials{Email: c.Email, Password: c.Password}
	if c.known != "" {
		in.ClientToken = &c.known
	}
	resp, err := c.API().LogInWithResponse(ctx, in)
	if err != nil {
		return api.SignIn{}, err
	}
	return c.signedIn(body(resp, resp.JSON200))
}

// signedIn keeps what a sign-in is answered with, unless it failed: by the client token the next
// login is that of a known client.
func (c *Client) signedIn(s api.SignIn, err error) (api.SignIn, error) {
	if err == nil {
		c.token, c.known = s.IDToken, s.ClientToken
	}
	return s, err
}

// VerifyEmail asks for the verification mail and follows the link in it, then logs in again, since
// the token says whether the address is verified.
func (c *Client) VerifyEmail(ctx context.Context) error {
	if _, err := c.API().SendVerificationMailWithResponse(ctx); err != nil {
		return err
	}
	link, err := c.verificationLink(ctx)
	if err != nil {
		return err
	}
	if err := c.discard(http.NewRequestWithContext(ctx, http.MethodGet, link, http.NoBody)); err != nil {
		return fmt.Errorf("follow the verification link: %w", err)
	}
	_, err = c.Login(ctx)
	return err
}

func (c *Client) verificationLink(ctx context.Context) (_ string, err error) {
	box := "http://" + c.AuthHost + "/emulator/v1/projects/demo-facescan/oobCodes"
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, box, http.NoBody)
	if err != nil {
		return "", fmt.Errorf("make request: %w", err)
	}
	resp, err := c.do(req)
	if err != nil {
		return "", fmt.Errorf("read the mailbox: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	var sent struct {
		OOBCodes []struct {
			Email   string `json:"email"`
			OOBLink string `json:"oobLink"`
		} `json:"oobCodes"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&sent); err != nil {
		return "", fmt.Errorf("read the mailbox: %w", err)
	}
	for _, mail := range sent.OOBCodes {
		if mail.Email == c.Email {
			return mail.OOBLink, nil
		}
	}
	return "", fmt.Errorf("no verification mail for %s", c.Email)
}

// Register registers the user, with the phone that the welcome goes to. The name may be "".
func (c *Client) Register(ctx context.Context, name string, device api.Registration_Device) error {
	body := api.Registration{Device: &device}
	if name != "" {
		body.DisplayName = &name
	}
	_, err := c.API().RegisterWithResponse(ctx, body)
	return err
}

// Username takes the username.
func (c *Client) Username(ctx context.Context, name string) error {
	_, err := c.API().SetUsernameWithResponse(ctx, nil, api.UsernameChoice{Username: name})
	return err
}

// Declare declares the user's birth year.
func (c *Client) Declare(ctx context.Context, birthYear int) error {
	_, err := c.API().UpdateProfileWithResponse(ctx, nil, api.ProfileChange{BirthYear: &birthYear})
	return err
}

// Consent reads the consent text in force and agrees to it.
func (c *Client) Consent(ctx context.Context) error {
	resp, err := c.API().GetConsentWithResponse(ctx)
	if err != nil {
		return err
	}
	status, err := body(resp, resp.JSON200)
	if err != nil {
		return err
	}
	_, err = c.API().GrantConsentWithResponse(ctx, nil, api.ConsentGrant{Version: status.Current.Version})
	return err
}

// Join takes a user who has signed up to the leaderboard: the address is verified, the user
// registered with a phone that has the token, old enough, agreed, and named.
func (c *Client) Join(ctx context.Context, name, token string) error {
	phone := api.Registration_Device{ID: "phone", Token: token, Platform: api.DevicePlatformIos}
	for _, step := range []func() error{
		func() error { return c.VerifyEmail(ctx) },
		func() error { return c.Register(ctx, name, phone) },
		func() error { return c.Declare(ctx, 1990) },
		func() error { return c.Consent(ctx) },
		func() error { return c.Username(ctx, name) },
		func() error { return c.OptIn(ctx, true) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// OptIn takes part in the leaderboard, or no more.
func (c *Client) OptIn(ctx context.Context, in bool) error {
	change := api.ProfileChange{Leaderboard: &api.ProfileChange_Leaderboard{OptIn: &in}}
	_, err := c.API().UpdateProfileWithResponse(ctx, nil, change)
	return err
}

// Preferences returns what the user is told, by which channels and when.
func (c *Client) Preferences(ctx context.Context) (api.Preferences, error) {
	resp, err := c.API().GetPreferencesWithResponse(ctx)
	if err != nil {
		return api.Preferences{}, err
	}
	return body(resp, resp.JSON200)
}

// KeepQuiet has no pushes and mails come between the two times of each day, to the minute and in
// UTC.
func (c *Client) KeepQuiet(ctx context.Context, from, to time.Time) error {
	begin, end, zone := from.UTC().Format("15:04"), to.UTC().Format("15:04"), "UTC"
	hours := &api.PreferencesChange_QuietHours{From: &begin, To: &end, Zone: &zone}
	_, err := c.API().UpdatePreferencesWithResponse(ctx, api.PreferencesChange{QuietHours: hours})
	return err
}

// ForgetRatings removes all leaderboard ratings. The scans stay and never count again.
func (c *Client) ForgetRatings(ctx context.Context) error {
	_, err := c.API().ForgetRatingsWithResponse(ctx)
	return err
}

// Open opens a scan; the same key opens the same one. The ticket is nil when its photo is there
// already.
func (c *Client) Open(
	ctx context.Context, key string, contentType api.UploadRequestContentType,
) (api.OpenedScan, error) {
	params := &api.OpenScanParams{IdempotencyKey: &key}
	resp, err := c.API().OpenScanWithResponse(ctx, params, api.UploadRequest{ContentType: contentType})
	if err != nil {
		return api.OpenedScan{}, err
	}
	return body(resp, resp.JSON200, resp.JSON201)
}

// Put uploads the photo with exactly the ticket's headers. A 412 means that the photo is there
// already.
func (c *Client) Put(ctx context.Context, t *api.UploadTicket, photo []byte) error {
	return c.PutFrom(ctx, t, bytes.NewReader(photo), int64(len(photo)))
}

// PutFrom is Put for a photo of the size that is read while it is sent.
func (c *Client) PutFrom(ctx context.Context, t *api.UploadTicket, photo io.Reader, size int64) error {
	req, err := http.NewRequestWithContext(ctx, string(t.Method), t.URL, photo)
	if err != nil {
		return fmt.Errorf("make upload: %w", err)
	}
	req.ContentLength = size
	for name, value := range t.Headers {
		req.Header.Set(name, value)
	}
	return c.discard(req, nil)
}

// Scan returns the scan as it is now.
func (c *Client) Scan(ctx context.Context, id string) (api.Scan, error) {
	return c.scan(ctx, id, nil)
}

func (c *Client) scan(ctx context.Context, id string, params *api.GetScanParams) (api.Scan, error) {
	resp, err := c.API().GetScanWithResponse(ctx, id, params)
	if err != nil {
		return api.Scan{}, err
	}
	return body(resp, resp.JSON200)
}

// longest is the longest wait that the API grants, in seconds.
const longest = 25

// AwaitScan polls, long, until the scan has ended.
func (c *Client) AwaitScan(ctx context.Context, id string) (api.Scan, error) {
	s, err := c.scan(ctx, id, &api.GetScanParams{Wait: new(longest)})
	for err == nil && !ended(s.State) {
		s, err = c.scan(ctx, id, &api.GetScanParams{Wait: new(longest), Since: &s.Revision})
	}
	if err != nil {
		return s, fmt.Errorf("wait for scan %s: %w", id, err)
	}
	return s, nil
}

func ended(s api.ScanState) bool {
	return s == api.ScanStateCompleted || s == api.ScanStateFailed || s == api.ScanStateExpired
}

// OpenSeries opens a series of so many photos; the same key opens the same one.
func (c *Client) OpenSeries(
	ctx context.Context, key string, contentType api.SeriesRequestContentType, photos int,
) (api.OpenedSeries, error) {
	params := &api.OpenSeriesParams{IdempotencyKey: &key}
	resp, err := c.API().OpenSeriesWithResponse(ctx, params, api.SeriesRequest{ContentType: contentType, Photos: &photos})
	if err != nil {
		return api.OpenedSeries{}, err
	}
	return body(resp, resp.JSON200, resp.JSON201)
}

// AwaitSeries polls, long, until the series has ended.
func (c *Client) AwaitSeries(ctx context.Context, id string) (api.Series, error) {
	var params *api.GetSeriesParams
	for {
		resp, err := c.API().GetSeriesWithResponse(ctx, id, params)
		if err != nil {
			return api.Series{}, fmt.Errorf("wait for series %s: %w", id, err)
		}
		s, err := body(resp, resp.JSON200)
		if err != nil || s.State != api.SeriesStateOpen {
			return s, err
		}
		params = &api.GetSeriesParams{Wait: new(longest), Since: &s.Revision}
	}
}

// MainBoard names the board of all users and all times.
const MainBoard = "symmetry"

// Boards returns the boards of the present.
func (c *Client) Boards(ctx context.Context) ([]api.ListedBoard, error) {
	resp, err := c.API().ListBoardsWithResponse(ctx)
	if err != nil {
		return nil, err
	}
	boards, err := body(resp, resp.JSON200)
	return boards.Items, err
}

// Top returns the first page of the board, or the page of the cursor unless that is "".
func (c *Client) Top(ctx context.Context, board, cursor string) (api.BoardPage, error) {
	params := new(api.GetTopParams)
	if cursor != "" {
		params.Cursor = &cursor
	}
	resp, err := c.API().GetTopWithResponse(ctx, board, params)
	if err != nil {
		return api.BoardPage{}, err
	}
	return body(resp, resp.JSON200)
}

// Around returns the rows around the user's own.
func (c *Client) Around(ctx context.Context, board string) (api.BoardPage, error) {
	resp, err := c.API().GetAroundWithResponse(ctx, board, nil)
	if err != nil {
		return api.BoardPage{}, err
	}
	return body(resp, resp.JSON200)
}

// FriendsBoard returns the part of the board that the user and their friends are on.
func (c *Client) FriendsBoard(ctx context.Context, board string) (api.FriendsBoard, error) {
	resp, err := c.API().GetFriendsBoardWithResponse(ctx, board)
	if err != nil {
		return api.FriendsBoard{}, err
	}
	return body(resp, resp.JSON200)
}

// Standing returns the user's own place on the board.
func (c *Client) Standing(ctx context.Context, board string) (api.Standing, error) {
	resp, err := c.API().GetStandingWithResponse(ctx, board)
	if err != nil {
		return api.Standing{}, err
	}
	return body(resp, resp.JSON200)
}

// FriendCode returns the user's friend code, made where there is none.
func (c *Client) FriendCode(ctx context.Context) (api.FriendCode, error) {
	resp, err := c.API().MakeFriendCodeWithResponse(ctx)
	if err != nil {
		return api.FriendCode{}, err
	}
	return body(resp, resp.JSON200, resp.JSON201)
}

// RevokeFriendCode makes the user's friend code dead.
func (c *Client) RevokeFriendCode(ctx context.Context) error {
	_, err := c.API().RevokeFriendCodeWithResponse(ctx)
	return err
}

// AddFriend becomes friends with the owner of the code.
func (c *Client) AddFriend(ctx context.Context, code string) (api.Friend, error) {
	resp, err := c.API().AddFriendWithResponse(ctx, api.FriendCodeUse{Code: code})
	if err != nil {
		return api.Friend{}, err
	}
	return body(resp, resp.JSON200, resp.JSON201)
}

// Friends returns the user's friends, newest first, as far as one page has them.
func (c *Client) Friends(ctx context.Context) ([]api.Friend, error) {
	resp, err := c.API().ListFriendsWithResponse(ctx, &api.ListFriendsParams{Limit: new(100)})
	if err != nil {
		return nil, err
	}
	page, err := body(resp, resp.JSON200)
	return page.Items, err
}

// RemoveFriend ends the friendship.
func (c *Client) RemoveFriend(ctx context.Context, id string) error {
	_, err := c.API().RemoveFriendWithResponse(ctx, id)
	return err
}

// BlockFriend ends the friendship and keeps it from being made again, until UnblockFriend.
func (c *Client) BlockFriend(ctx context.Context, id string) error {
	_, err := c.API().BlockFriendWithResponse(ctx, id)
	return err
}

// UnblockFriend takes a block back.
func (c *Client) UnblockFriend(ctx context.Context, id string) error {
	_, err := c.API().UnblockFriendWithResponse(ctx, id)
	return err
}

// Inbox returns the user's notifications, newest first.
func (c *Client) Inbox(ctx context.Context) ([]api.InboxItem, error) {
	resp, err := c.API().ListInboxWithResponse(ctx, &api.ListInboxParams{Limit: new(100)})
	if err != nil {
		return nil, err
	}
	page, err := body(resp, resp.JSON200)
	return page.Items, err
}

// AwaitExport has an export made, where none is ready or under way, and polls, long, until it has
// ended.
func (c *Client) AwaitExport(ctx context.Context) (api.Export, error) {
	resp, err := c.API().RequestExportWithResponse(ctx)
	if err != nil {
		return api.Export{}, err
	}
	e, err := body(resp, resp.JSON202)
	for err == nil && e.State == api.ExportStateQueued {
		e, err = c.export(ctx)
	}
	if err != nil {
		return e, fmt.Errorf("wait for the export: %w", err)
	}
	return e, nil
}

func (c *Client) export(ctx context.Context) (api.Export, error) {
	resp, err := c.API().GetExportWithResponse(ctx, &api.GetExportParams{Wait: new(longest)})
	if err != nil {
		return api.Export{}, err
	}
	return body(resp, resp.JSON200)
}

// Download gets a ready export and verifies that it is whole.
func (c *Client) Download(ctx context.Context, e api.Export) (archive.Manifest, error) {
	if e.URL == nil || e.Sha256 == nil {
		return archive.Manifest{}, fmt.Errorf("the export is %s", e.State)
	}
	file, err := c.fetch(ctx, *e.URL)
	if err != nil {
		return archive.Manifest{}, err
	}
	if sum := sha256.Sum256(file); hex.EncodeToString(sum[:]) != *e.Sha256 {
		return archive.Manifest{}, errors.New("the export is not the one that the API names")
	}
	return archive.Verify(bytes.NewReader(file), int64(len(file)))
}

// fetch reads what anyone with the URL may read.
func (c *Client) fetch(ctx context.Context, url string) (_ []byte, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	resp, err := c.do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	return io.ReadAll(resp.Body)
}

// Erase erases the account, and says where the receipt will be.
func (c *Client) Erase(ctx context.Context) (api.ErasureRequested, error) {
	resp, err := c.API().EraseAccountWithResponse(ctx)
	if err != nil {
		return api.ErasureRequested{}, err
	}
	return body(resp, resp.JSON202)
}

// Receipt returns how far the erasure at the receipt's URL is; verified once there is a receipt, by
// the API's keys.
func (c *Client) Receipt(ctx context.Context, url string) (r receipt.Receipt, there bool, err error) {
	var answer struct{ Receipt string }
	if err := c.fetchJSON(ctx, url, &answer); err != nil || answer.Receipt == "" {
		return receipt.Receipt{}, false, err
	}
	var keys receipt.Keys
	if err := c.fetchJSON(ctx, c.URL+"/v1/erasures/key", &keys); err != nil {
		return receipt.Receipt{}, false, err
	}
	r, err = keys.Verify(answer.Receipt)
	return r, err == nil, err
}

func (c *Client) fetchJSON(ctx context.Context, url string, into any) error {
	text, err := c.fetch(ctx, url)
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}
