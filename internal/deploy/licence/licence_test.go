package licence_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/licence"
)

func TestOf(t *testing.T) {
	t.Parallel()
	mit, err := os.ReadFile("../../../LICENSE")
	if err != nil {
		t.Fatal(err)
	}
	isc := `Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is
hereby granted, provided that the above copyright notice and this permission notice appear in all copies. THE
SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH REGARD TO THIS SOFTWARE INCLUDING ALL
IMPLIED WARRANTIES OF MERCHANTABILITY AND FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS OF USE, DATA OR PROFITS, WHETHER IN
AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR
PERFORMANCE OF THIS SOFTWARE.`
	for name, tt := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"one":                        {map[string]string{"LICENSE": string(mit)}, []string{"MIT"}},
		"in another spelling":        {map[string]string{"Licence.md": isc}, []string{"ISC"}},
		"two":                        {map[string]string{"LICENSE": string(mit), "COPYING": isc}, []string{"ISC", "MIT"}},
		"code about licences":        {map[string]string{"license.go": "/*" + string(mit) + "*/"}, nil},
		"terms of the author's own":  {map[string]string{"LICENSE": "Do what Ada says."}, nil},
		"a licence with much beside": {map[string]string{"LICENSE": string(mit) + strings.Repeat(" more terms", 400)}, nil},
		"a licence in another file":  {map[string]string{"README": string(mit)}, nil},
		"none":                       {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for file, text := range tt.files {
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			got, err := licence.Of(dir)
			if errors.Is(err, licence.ErrUnknown) != (tt.want == nil) || err != nil && tt.want != nil {
				t.Errorf("error: %v", err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
