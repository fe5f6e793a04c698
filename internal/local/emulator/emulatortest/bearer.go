package emulatortest

import (
	"context"

	"firebase.google.com/go/v4/auth"
)

// BearerIsUID takes a uid for its own ID token, where it does not matter whom Firebase lets in.
type BearerIsUID struct{}

// VerifyIDToken never fails.
func (BearerIsUID) VerifyIDToken(_ context.Context, uid string) (*auth.Token, error) {
	return &auth.Token{UID: uid}, nil
}

// VerifyIDTokenAndCheckRevoked never fails.
func (v BearerIsUID) VerifyIDTokenAndCheckRevoked(ctx context.Context, uid string) (*auth.Token, error) {
	return v.VerifyIDToken(ctx, uid)
}
