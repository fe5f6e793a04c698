package emulatortest

import (
	"context"

	"github.com/facescan/facescan/internal/httpapi"
)

// SignedInAt is when the users of [BearerIsUID] signed in, in seconds since 1970: after all that
// may end sign-ins in a test, in 2100.
const SignedInAt = 4_102_444_800

// BearerIsUID takes a uid for its own ID token, where it does not matter whom Firebase lets in.
type BearerIsUID struct{}

// VerifyIDToken never fails.
func (BearerIsUID) VerifyIDToken(_ context.Context, uid string) (*httpapi.Token, error) {
	return &httpapi.Token{UID: uid, AuthTime: SignedInAt}, nil
}

// VerifyIDTokenAndCheckRevoked never fails.
func (v BearerIsUID) VerifyIDTokenAndCheckRevoked(ctx context.Context, uid string) (*httpapi.Token, error) {
	return v.VerifyIDToken(ctx, uid)
}
