package keys

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
)

// Seal returns the text encrypted for the purpose by the present secret, in unpadded base64 of
// URLs. Only [Ring.Open] with the same purpose and context returns it. Seal is for what a client
// keeps and must not read. Like [Ring.ID] it panics for the purpose of another use.
func (r Ring) Seal(p Purpose, text, context string) (string, error) {
	aead, err := r.at(p, 0).aead(p)
	if err != nil {
		return "", err
	}
	sealed := aead.Seal(nil, nil, []byte(text), []byte(context)) //nolint:gosec // the AEAD makes the nonce
	return base64.RawURLEncoding.EncodeToString(sealed), nil
}

// Open returns the text that was sealed by any of the ring's secrets. It reports false for a text
// that was not sealed for the purpose and context.
func (r Ring) Open(p Purpose, sealed, context string) (string, bool) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return "", false
	}
	for i := range r.secrets {
		aead, err := r.at(p, i).aead(p)
		if err != nil {
			return "", false
		}
		if text, err := aead.Open(nil, nil, raw, []byte(context)); err == nil {
			return string(text), true
		}
	}
	return "", false
}

// aead returns AES-256-GCM with a random nonce and a key of the purpose's own (RFC 5869).
func (s secret) aead(p Purpose) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, s, nil, "seal\x00"+string(p), 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}
