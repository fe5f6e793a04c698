package signin

import (
	"crypto/rand"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
)

// clientLife is how long after its last sign-in a client is known.
const clientLife = 180 * 24 * time.Hour

// caller is who asks for something of a mailbox.
type caller struct {
	mailbox string
	addr    netip.Addr
	// known is the id of a client that has signed in to the mailbox before, or "".
	known string
	// attested is set if an App Check token came along.
	attested bool
}

// caller returns who makes the request. The token is what the client was once given, or anything
// else.
func (h *Handler) caller(r *http.Request, mailbox, token string) caller {
	return caller{
		mailbox: mailbox, addr: httpapi.ClientIP(r),
		known: h.knownClient(token, mailbox), attested: httpapi.Attested(r.Context()),
	}
}

// newClientToken returns a token by which a client is known to the mailbox from now on. The id is
// the one by which it was known before, or "".
func (h *Handler) newClientToken(mailbox, id string) (string, error) {
	if id == "" {
		id = rand.Text()
	}
	return h.key.Seal(keys.Client, id+" "+strconv.FormatInt(h.now().Unix(), 10), strings.ToLower(mailbox))
}

// knownClient returns the client's id, or "" for a token that is not ours, another mailbox's or too
// old. A token of the future is accepted, as the clocks of two processes differ.
func (h *Handler) knownClient(token, mailbox string) string {
	text, _ := h.key.Open(keys.Client, token, strings.ToLower(mailbox))
	id, seconds, _ := strings.Cut(text, " ")
	signedIn, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil || h.now().Sub(time.Unix(signedIn, 0)) >= clientLife {
		return ""
	}
	return id
}
