package receipt_test

import (
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/testkit"
)

var sample = receipt.Receipt{
	Account: "a", RequestedAt: "2026-11-21T12:00:00.000Z", ErasedAt: "2026-11-21T12:25:00.000Z",
	Stores:    []receipt.StoreCount{{Store: "scans", Deleted: 2}},
	Residuals: []receipt.Residual{{What: "logs", Gone: "2026-12-21T12:25:00.000Z"}},
}

func signed(t *testing.T, s receipt.Signer) string {
	t.Helper()
	jws, err := s.Sign(sample)
	if err != nil {
		t.Fatal(err)
	}
	return jws
}

func TestVerify(t *testing.T) {
	t.Parallel()
	signer, other := testkit.Signer(t, 1), testkit.Signer(t, 2)
	keys, err := receipt.NewKeys([]string{other.Public(), signer.Public()})
	if err != nil {
		t.Fatal(err)
	}
	jws := signed(t, signer)
	parts := strings.Split(jws, ".")
	encode := base64.RawURLEncoding.EncodeToString
	for name, tt := range map[string]struct {
		jws  string
		good bool
	}{
		"the newer key's":                {jws, true},
		"the older key's":                {signed(t, other), true},
		"with white space around":        {"\n" + jws + "\n", true},
		"a stranger's":                   {signed(t, testkit.Signer(t, 3)), false},
		"another payload":                {parts[0] + "." + encode([]byte(`{"account":"b"}`)) + "." + parts[2], false},
		"another's signature":            {parts[0] + "." + parts[1] + "." + strings.Split(signed(t, other), ".")[2], false},
		"no signature":                   {parts[0] + "." + parts[1] + ".", false},
		"an algorithm that signs nought": {encode([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".", false},
		"two parts":                      {parts[0] + "." + parts[1], false},
		"nothing":                        {"", false},
		"no base64":                      {"!.!.!", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := keys.Verify(tt.jws)
			if tt.good {
				if diff := cmp.Diff(sample, got); diff != "" || err != nil {
					t.Errorf("%v, (-want +got):\n%s", err, diff)
				}
				return
			}
			if !errors.Is(err, receipt.ErrInvalid) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestKeysAndSigners_refuseWhatIsNone(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "x", base64.StdEncoding.EncodeToString([]byte("short"))} {
		if _, err := receipt.NewSigner(text); err == nil {
			t.Errorf("NewSigner(%q): no error", text)
		}
		if _, err := receipt.NewKeys([]string{text}); err == nil {
			t.Errorf("NewKeys(%q): no error", text)
		}
	}
}

// Whatever a file or a server holds, it is refused or a receipt that the key has signed, which the
// fuzzer cannot make.
func FuzzVerify(f *testing.F) {
	raw := make([]byte, 32)
	signer, err := receipt.NewSigner(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		f.Fatal(err)
	}
	jws, err := signer.Sign(sample)
	if err != nil {
		f.Fatal(err)
	}
	keys, err := receipt.NewKeys([]string{signer.Public()})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(jws)
	f.Add("a.b.c")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := keys.Verify(text)
		if err == nil && !cmp.Equal(got, sample) {
			t.Errorf("%q was never signed", text)
		}
	})
}
