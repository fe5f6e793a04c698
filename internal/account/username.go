package account

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"cloud.google.com/go/firestore"
	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
)

const (
	minUsername = 3  // runes
	maxUsername = 20 // runes

	usernameSchema = 1
)

// reserved are folded usernames nobody may have, since they would pass for the service.
var reserved = map[string]bool{
	"admin": true, "administrator": true, "api": true, "facescan": true, "help": true, "info": true, "me": true,
	"mod": true, "moderator": true, "noreply": true, "no-reply": true, "null": true, "official": true,
	"postmaster": true, "root": true, "security": true, "staff": true, "support": true, "system": true,
	"team": true, "undefined": true, "webmaster": true,
}

// claim is usernames/{folded}: it exists exactly while the user of that uid has the name.
type claim struct {
	Schema    int       `firestore:"schema"`
	UID       UID       `firestore:"uid"`
	CreatedAt time.Time `firestore:"createdAt"`
}

func claimRef(fs *firestore.Client, folded string) *firestore.DocumentRef {
	return fs.Collection("usernames").Doc(folded)
}

// Fold is the key under which a username is unique: case and compatibility forms make no difference. It is the
// compatibility caseless match of Unicode's definition D146, for which folding once is not enough.
func Fold(name string) string {
	fold := cases.Fold()
	return norm.NFKC.String(fold.String(norm.NFKC.String(fold.String(norm.NFD.String(name)))))
}

// parseUsername is the name as it is kept, and its key, or why it can be nobody's.
func parseUsername(written string) (name, folded string, err error) {
	// The longest name in bytes bounds what is normalised: compatibility forms can grow eighteenfold.
	if len(written) <= maxUsername*utf8.UTFMax {
		name = norm.NFKC.String(written)
	}
	if why := unfit(name); why != "" {
		return "", "", fault.New(fault.CodeInvalidField, "This cannot be a username.").WithField("/username", "%s", why)
	}
	return name, Fold(name), nil
}

// unfit says what is wrong with the name, or "".
func unfit(name string) string {
	if n := utf8.RuneCountInString(name); n < minUsername || n > maxUsername {
		return fmt.Sprintf("must have %d to %d characters", minUsername, maxUsername)
	}
	// What follows from it: a name is a path segment of a URL and an id of a Firestore document, which "..", and
	// "__a__" are not.
	if first, _ := utf8.DecodeRuneInString(name); !unicode.IsLetter(first) && !unicode.IsDigit(first) {
		return "must begin with a letter or a digit"
	}
	latin, other := false, false
	for _, r := range name {
		switch {
		case unicode.Is(unicode.Latin, r):
			latin = true
		case unicode.IsLetter(r):
			other = true
		case !unicode.IsDigit(r) && !strings.ContainsRune("._-", r):
			return "must consist of letters, digits and the characters . _ -"
		}
	}
	if latin && other {
		return "must not mix Latin letters with others, which may look alike"
	}
	return ""
}

// rename gives the user the name and frees the one before. The claim is only created, never read: creating fails
// where it exists, and a race for a name then needs no lock on a document that is not there.
func (s *Service) rename(ctx context.Context, uid UID, written string) (User, error) {
	name, folded, err := parseUsername(written)
	if err != nil {
		return User{}, err
	}
	taken := fault.New(fault.CodeUsernameTaken, "This username is not available.")
	if reserved[folded] {
		return User{}, taken
	}
	u, _, err := s.change(ctx, uid, func(tx *outbox.Tx, u *User) (effect, error) {
		if u.Username == name {
			return nothing, nil
		}
		if u.Folded != folded {
			if err := s.move(tx, uid, u.Folded, folded); err != nil {
				return nothing, err
			}
		}
		u.Username, u.Folded = name, folded
		return visible, nil
	})
	if status.Code(err) != codes.AlreadyExists {
		return u, err
	}
	// A twin of this request may have been quicker; then the name is the caller's.
	if u, err = s.read(ctx, uid); err != nil || u.Username == name {
		return u, err
	}
	return User{}, taken
}

func (s *Service) move(tx *outbox.Tx, uid UID, from, to string) error {
	if err := tx.Create(claimRef(s.fs, to), claim{Schema: usernameSchema, UID: uid, CreatedAt: s.now().UTC()}); err != nil {
		return fmt.Errorf("claim username: %w", err)
	}
	if from == "" {
		return nil
	}
	if err := tx.Delete(claimRef(s.fs, from)); err != nil {
		return fmt.Errorf("release username: %w", err)
	}
	return nil
}

// available tells whether the user could have the name, which is so for the one they have.
func (s *Service) available(ctx context.Context, uid UID, written string) (bool, error) {
	if _, err := s.read(ctx, uid); err != nil {
		return false, err
	}
	_, folded, why := parseUsername(written)
	if possible := why == nil && !reserved[folded]; !possible {
		return false, nil
	}
	snap, err := claimRef(s.fs, folded).Get(ctx)
	if status.Code(err) == codes.NotFound {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("read username: %w", err)
	}
	var c claim
	if err := snap.DataTo(&c); err != nil {
		return false, fmt.Errorf("decode username: %w", err)
	}
	return c.UID == uid, nil
}
