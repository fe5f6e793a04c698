// Package receipt signs and verifies the receipts of erased accounts.
package receipt

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/facescan/facescan/internal/schema"
)

// Receipt confirms the erasure of an account. It is signed as a JWS (RFC 7515, EdDSA of RFC 8037),
// so that it can be verified independently.
type Receipt struct {
	// Account is a pseudonym that only the service can derive from the user's id.
	Account     string `json:"account"`
	RequestedAt string `json:"requestedAt"`
	ErasedAt    string `json:"erasedAt"`
	// Stores are the numbers removed, by store. Nothing is left in any.
	Stores []StoreCount `json:"stores"`
	// Residuals are the copies that expire by themselves.
	Residuals []Residual `json:"residuals"`
}

// StoreCount is the number of the user's documents or objects that a store had and has.
type StoreCount struct {
	Store   string `json:"store"`
	Deleted int64  `json:"deleted"`
	Left    int64  `json:"left"`
}

// Residual is a copy out of our reach, and when the last of it is gone.
type Residual struct {
	What string `json:"what"`
	Gone string `json:"gone"`
}

// New returns the receipt of the account, whose erasure was requested and completed at the given
// times. counts are the numbers removed, by store.
func New(account string, requestedAt time.Time, counts map[string]int64, erasedAt time.Time) Receipt {
	r := Receipt{Account: account, RequestedAt: timeText(requestedAt), ErasedAt: timeText(erasedAt)}
	for _, store := range slices.Sorted(maps.Keys(counts)) {
		r.Stores = append(r.Stores, StoreCount{Store: store, Deleted: counts[store]})
	}
	for _, w := range schema.Residuals {
		r.Residuals = append(r.Residuals, Residual{What: w.What, Gone: timeText(erasedAt.AddDate(0, 0, w.Days))})
	}
	return r
}

// timeText formats the time like the API's answers: UTC, RFC 3339, whole milliseconds.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }

// jwsHeader is the protected header of a receipt's signature.
type jwsHeader struct {
	Algorithm string `json:"alg"`
	KeyID     string `json:"kid"`
}

const algorithm = "EdDSA"

// ErrInvalid means that no owner of the keys signed the receipt.
var ErrInvalid = errors.New("the receipt is not valid")

// Signer signs receipts.
type Signer struct{ key ed25519.PrivateKey }

// NewSigner returns a signer of an Ed25519 seed, 32 bytes in standard base64.
func NewSigner(seed string) (Signer, error) {
	raw, err := base64.StdEncoding.DecodeString(seed)
	if err != nil || len(raw) != ed25519.SeedSize {
		return Signer{}, fmt.Errorf("the receipts' key is not %d bytes in base64", ed25519.SeedSize)
	}
	return Signer{key: ed25519.NewKeyFromSeed(raw)}, nil
}

// Public returns the public key, in standard base64.
func (s Signer) Public() string {
	return base64.StdEncoding.EncodeToString(s.key.Public().(ed25519.PublicKey))
}

// Sign returns the receipt as a compact JWS.
func (s Signer) Sign(r Receipt) (string, error) {
	header, err := json.Marshal(jwsHeader{Algorithm: algorithm, KeyID: keyID(s.key.Public().(ed25519.PublicKey))})
	if err != nil {
		return "", fmt.Errorf("marshal the receipt's header: %w", err)
	}
	body, err := json.Marshal(r)
	if err != nil {
		return "", fmt.Errorf("marshal the receipt: %w", err)
	}
	signed := base64.RawURLEncoding.EncodeToString(header) + "." + base64.RawURLEncoding.EncodeToString(body)
	return signed + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(s.key, []byte(signed))), nil
}

// Keys is the JSON Web Key Set (RFC 7517) of the keys that verify receipts.
type Keys struct {
	Keys []Key `json:"keys"`
}

// Key is an Ed25519 public key, as RFC 8037 writes it.
type Key struct {
	Type      string `json:"kty"`
	Curve     string `json:"crv"`
	Use       string `json:"use"`
	Algorithm string `json:"alg"`
	ID        string `json:"kid"`
	// X is the key, in base64url.
	X string `json:"x"`
}

// NewKeys returns the set of public keys in standard base64.
func NewKeys(encoded []string) (Keys, error) {
	set := Keys{Keys: []Key{}}
	for _, text := range encoded {
		raw, err := base64.StdEncoding.DecodeString(text)
		if err != nil || len(raw) != ed25519.PublicKeySize {
			return Keys{}, fmt.Errorf("a public key of receipts is not %d bytes in base64", ed25519.PublicKeySize)
		}
		set.Keys = append(set.Keys, Key{
			Type: "OKP", Curve: "Ed25519", Use: "sig", Algorithm: algorithm, ID: keyID(raw),
			X: base64.RawURLEncoding.EncodeToString(raw),
		})
	}
	return set, nil
}

// keyID returns the name of a key, made from its hash.
func keyID(public ed25519.PublicKey) string {
	sum := sha256.Sum256(public)
	return hex.EncodeToString(sum[:8])
}

// Verify decodes the receipt in a compact JWS that one of the keys has signed. Every other JWS is
// [ErrInvalid].
func (k Keys) Verify(jws string) (Receipt, error) {
	signed, signature, header, err := parseJWS(jws)
	if err != nil {
		return Receipt{}, err
	}
	if header.Algorithm != algorithm {
		return Receipt{}, fmt.Errorf("%w: it is signed by %q and not %s", ErrInvalid, header.Algorithm, algorithm)
	}
	public, err := k.find(header.KeyID)
	if err != nil {
		return Receipt{}, err
	}
	if !ed25519.Verify(public, []byte(signed), signature) {
		return Receipt{}, fmt.Errorf("%w: the signature does not match", ErrInvalid)
	}
	return readPayload(signed)
}

func parseJWS(jws string) (signed string, signature []byte, header jwsHeader, err error) {
	parts := strings.Split(strings.TrimSpace(jws), ".")
	if len(parts) != 3 {
		return "", nil, header, fmt.Errorf("%w: it is not a compact JWS", ErrInvalid)
	}
	head, headErr := base64.RawURLEncoding.DecodeString(parts[0])
	signature, signatureErr := base64.RawURLEncoding.DecodeString(parts[2])
	if err := errors.Join(headErr, signatureErr, json.Unmarshal(head, &header)); err != nil {
		return "", nil, header, fmt.Errorf("%w: it cannot be read: %w", ErrInvalid, err)
	}
	return parts[0] + "." + parts[1], signature, header, nil
}

func (k Keys) find(id string) (ed25519.PublicKey, error) {
	for _, key := range k.Keys {
		raw, err := base64.RawURLEncoding.DecodeString(key.X)
		if key.ID == id && err == nil && len(raw) == ed25519.PublicKeySize {
			return raw, nil
		}
	}
	return nil, fmt.Errorf("%w: no key here is named %q", ErrInvalid, id)
}

func readPayload(signed string) (Receipt, error) {
	_, payload, _ := strings.Cut(signed, ".")
	body, err := base64.RawURLEncoding.DecodeString(payload)
	var r Receipt
	if err := errors.Join(err, json.Unmarshal(body, &r)); err != nil {
		return Receipt{}, fmt.Errorf("%w: the signed content is not a receipt: %w", ErrInvalid, err)
	}
	return r, nil
}

// Print writes the content of a verified receipt for people.
func (r Receipt) Print(w io.Writer) error {
	var text strings.Builder
	fmt.Fprintf(
		&text, "The signature is good.\n\naccount\t%s\nasked for\t%s\nerased\t%s\n", r.Account, r.RequestedAt, r.ErasedAt,
	)
	fmt.Fprintln(&text, "\nstore\tremoved\tleft")
	for _, s := range r.Stores {
		fmt.Fprintf(&text, "%s\t%d\t%d\n", s.Store, s.Deleted, s.Left)
	}
	fmt.Fprintln(&text, "\ncopies that go by themselves\tgone by")
	for _, c := range r.Residuals {
		fmt.Fprintf(&text, "%s\t%s\n", c.What, c.Gone)
	}
	t := tabwriter.NewWriter(w, 2, 0, 3, ' ', 0)
	_, err := io.WriteString(t, text.String())
	return errors.Join(err, t.Flush())
}
