package friends

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/transact"
)

const (
	// alphabet is Crockford's: it has no I, L, O and U.
	alphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
	// codeLength is the number of a code's symbols, of 5 bits each, and groupLength of those between
	// two dashes.
	codeLength, groupLength = 16, 4
	// seedLength is the number of random bytes that a code is made of.
	seedLength = 16
	// maxWritten is the longest text that is looked at as a code, in code points.
	maxWritten = 64
)

var (
	crockford = base32.NewEncoding(alphabet).WithPadding(base32.NoPadding)
	ids       = base32.StdEncoding.WithPadding(base32.NoPadding)
	// meant are the symbols that are meant by letters which codes do not have.
	meant = strings.NewReplacer("I", "1", "L", "1", "O", "0")
)

// newCode returns the code, of codeLength symbols, that the user has by the seed.
func newCode(key keys.Ring, uid account.UID, seed []byte) string {
	id := key.ID(keys.FriendCode, string(uid), string(seed))
	bits, err := ids.DecodeString(strings.ToUpper(id[:codeLength]))
	if err != nil {
		panic(err) // ids are base32
	}
	return crockford.EncodeToString(bits)
}

// parseCode returns the code that a user wrote, in any case, with dashes and spaces anywhere, and
// with the letters I, L and O for the digits that they look like.
func parseCode(written string) (code string, ok bool) {
	if utf8.RuneCountInString(written) > maxWritten {
		return "", false
	}
	code = strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Pd, r), unicode.IsSpace(r):
			return -1
		case r > unicode.MaxASCII:
			return '?' // ToUpper makes an ASCII letter of some, such as the dotless i
		}
		return unicode.ToUpper(r)
	}, written)
	code = meant.Replace(code)
	return code, len(code) == codeLength && strings.Trim(code, alphabet) == ""
}

// showCode returns the code in groups.
func showCode(code string) string {
	var groups []string
	for i := 0; i < len(code); i += groupLength {
		groups = append(groups, code[i:i+groupLength])
	}
	return strings.Join(groups, "-")
}

// lookup returns the id of the document of a code that is made by the present secret.
func lookup(key keys.Ring, code string) string { return key.ID(keys.FriendLookup, code) }

// code returns the user's code, "" if they have none, or one that was made with a secret that the
// ring does not have.
func (s sharing) code(key keys.Ring, uid account.UID) string {
	if s.Lookup == "" {
		return ""
	}
	for _, one := range key.Each() {
		if code := newCode(one, uid, s.Seed); lookup(one, code) == s.Lookup {
			return code
		}
	}
	return ""
}

// codeView is a user's code for its owner.
type codeView struct {
	Code      string `json:"code"`
	CreatedAt string `json:"createdAt"`
}

func newCodeView(code string, at time.Time) codeView {
	return codeView{Code: showCode(code), CreatedAt: httpapi.Time(at)}
}

func errNoCode() error { return fault.New(fault.CodeNotFound, "There is no friend code: make one.") }

func (h *Handler) getCode(w http.ResponseWriter, r *http.Request) error {
	uid := account.Caller(r)
	var s sharing
	err := h.Firestore.RunTransaction(r.Context(), func(ctx context.Context, tx *firestore.Transaction) (err error) {
		s, err = h.readSharing(ctx, tx, uid)
		return err
	}, firestore.ReadOnly)
	if err != nil {
		return err
	}
	code := s.code(h.Key, uid)
	if code == "" {
		return errNoCode()
	}
	return httpapi.Write(w, http.StatusOK, newCodeView(code, s.CodeAt))
}

func (h *Handler) makeCode(w http.ResponseWriter, r *http.Request) error {
	return h.writeCode(w, r, func(code string) bool { return code == "" })
}

func (h *Handler) rotateCode(w http.ResponseWriter, r *http.Request) error {
	return h.writeCode(w, r, func(string) bool { return true })
}

// writeCode answers with the caller's code, which it makes anew if the present one is to be
// replaced.
func (h *Handler) writeCode(w http.ResponseWriter, r *http.Request, replace func(code string) bool) error {
	uid := account.Caller(r)
	var view codeView
	status := http.StatusOK
	err := h.change(r.Context(), uid, func(ctx context.Context, tx *firestore.Transaction) error {
		s, err := h.readSharing(ctx, tx, uid)
		if err != nil {
			return err
		}
		if code := s.code(h.Key, uid); !replace(code) {
			view, status = newCodeView(code, s.CodeAt), http.StatusOK
			return nil
		}
		before := s.Lookup
		s.Seed, s.CodeAt = make([]byte, seedLength), h.Now().UTC()
		_, _ = rand.Read(s.Seed) // never fails
		code := newCode(h.Key, uid, s.Seed)
		s.Lookup = lookup(h.Key, code)
		view, status = newCodeView(code, s.CodeAt), http.StatusCreated
		return h.replaceCode(tx, uid, s, before)
	})
	if err != nil {
		return err
	}
	return httpapi.Write(w, status, view)
}

// replaceCode writes the user's new code and deletes the one before, if there was one.
func (h *Handler) replaceCode(tx *firestore.Transaction, uid account.UID, s sharing, before string) error {
	if before != "" {
		if err := tx.Delete(codeRef(h.Firestore, before)); err != nil {
			return fmt.Errorf("delete friend code: %w", err)
		}
	}
	made := codeDoc{Schema: schema, UID: uid, CreatedAt: s.CodeAt}
	if err := tx.Create(codeRef(h.Firestore, s.Lookup), made); err != nil {
		return fmt.Errorf("write friend code: %w", err)
	}
	if err := tx.Set(sharingOf(h.Firestore, uid), s); err != nil {
		return fmt.Errorf("write sharing: %w", err)
	}
	return nil
}

func (h *Handler) revokeCode(w http.ResponseWriter, r *http.Request) error {
	uid := account.Caller(r)
	err := h.change(r.Context(), uid, func(ctx context.Context, tx *firestore.Transaction) error {
		s, err := h.readSharing(ctx, tx, uid)
		if err != nil {
			return err
		}
		if s.Lookup == "" {
			return errNoCode()
		}
		if err := tx.Delete(codeRef(h.Firestore, s.Lookup)); err != nil {
			return fmt.Errorf("delete friend code: %w", err)
		}
		if err := tx.Set(sharingOf(h.Firestore, uid), sharing{Schema: schema, Added: s.Added}); err != nil {
			return fmt.Errorf("write sharing: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// readSharing reads users/{uid}/sharing/state together with the account, which must be in use. It
// is a document without a code if there is none.
func (h *Handler) readSharing(ctx context.Context, tx *firestore.Transaction, uid account.UID) (sharing, error) {
	snaps, err := tx.GetAll([]*firestore.DocumentRef{account.Ref(h.Firestore, uid), sharingOf(h.Firestore, uid)})
	if err != nil {
		return sharing{}, fmt.Errorf("read user and sharing: %w", err)
	}
	if _, err := account.DecodeActive(ctx, snaps[0], nil); err != nil {
		return sharing{}, err
	}
	s, err := store.Decode[sharing](snaps[1], nil, "sharing", nil)
	s.Schema = schema
	return s, err
}

// change runs fn in a transaction that changes what is between the user and others, in turn with
// the process's other such changes.
func (h *Handler) change(
	ctx context.Context, uid account.UID, fn func(ctx context.Context, tx *firestore.Transaction) error,
) error {
	return transact.Run(ctx, h.Firestore, sharingOf(h.Firestore, uid), fn)
}
