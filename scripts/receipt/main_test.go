package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/erasure/receipt"
)

func TestReceipt(t *testing.T) {
	t.Parallel()
	signer, err := receipt.NewSigner(base64.StdEncoding.EncodeToString(make([]byte, 32)))
	if err != nil {
		t.Fatal(err)
	}
	jws, err := signer.Sign(receipt.Receipt{Account: "who", Stores: []receipt.StoreCount{{Store: "scans", Deleted: 7}}})
	if err != nil {
		t.Fatal(err)
	}
	set, err := receipt.NewKeys([]string{signer.Public()})
	if err != nil {
		t.Fatal(err)
	}
	encoded, err := json.Marshal(set)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	file := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	keys, alone := file("keys.json", string(encoded)), file("receipt.jws", jws+"\n")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/erasures/key":
			_, _ = w.Write(encoded)
		case "/v1/erasures/good":
			_, _ = w.Write([]byte(`{"state":"erased","receipt":"` + jws + `"}`))
		case "/v1/erasures/early":
			_, _ = w.Write([]byte(`{"state":"erasing"}`))
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(server.Close)
	at := server.URL + "/v1/erasures/"
	for name, tt := range map[string]struct {
		args  []string
		stdin string
		code  int
		says  string
	}{
		"the server's":                 {[]string{"verify", at + "good"}, "", 0, "scans"},
		"the server's, with keys kept": {[]string{"verify", "-key", keys, at + "good"}, "", 0, "scans"},
		"a file":                       {[]string{"verify", "-key", keys, alone}, "", 0, "scans"},
		"the standard input":           {[]string{"verify", "-key", keys, "-"}, jws, 0, "scans"},
		"a changed one":                {[]string{"verify", "-key", keys, "-"}, jws + "x", 1, "not valid"},
		"one that is not there yet":    {[]string{"verify", at + "early"}, "", 1, "erasing"},
		"one that is not there":        {[]string{"verify", at + "bad"}, "", 1, "404"},
		"a file that is not there":     {[]string{"verify", "-key", keys, alone + "x"}, "", 1, "no such file"},
		"a file without keys":          {[]string{"verify", alone}, "", 2, "usage"},
		"keys that are none":           {[]string{"verify", "-key", alone, alone}, "", 1, "keys"},
		"nothing":                      {nil, "", 2, "usage"},
		"another verb":                 {[]string{"forge", "x"}, "", 2, "usage"},
		"help":                         {[]string{"--help"}, "", 0, "Exit codes"},
		"help of the verb":             {[]string{"verify", "-h"}, "", 0, "Exit codes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out strings.Builder
			code := run(t.Context(), tt.args, strings.NewReader(tt.stdin), &out, &out)
			if code != tt.code || !strings.Contains(out.String(), tt.says) {
				t.Errorf("code %d: %s", code, out.String())
			}
		})
	}
}
