package usertest

import (
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/httpapi"
)

// Tokens returns the verifier of ID tokens that functions have, over the client alone.
func Tokens(client *auth.Client) httpapi.TokenVerifier { return identity.Tokens(client) }
