package cascade

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
)

func TestCascades_areThoseOfPigo(t *testing.T) {
	t.Parallel()
	folder, err := facetest.PigoFolder()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range CascadeSums {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			if err := check(Cascades()[c.name], c.sha256); err != nil {
				t.Fatal(err)
			}
			theirs, err := os.ReadFile(filepath.Join(folder, "cascade", "lps", c.name))
			if err != nil {
				theirs, err = os.ReadFile(filepath.Join(folder, "cascade", c.name))
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(Cascades()[c.name]) != string(theirs) {
				t.Error("differs from pigo's file")
			}
		})
	}
	t.Run("the notice carries the licence", func(t *testing.T) {
		t.Parallel()
		notice, err := os.ReadFile("cascades/NOTICE")
		if err != nil {
			t.Fatal(err)
		}
		licence, err := os.ReadFile(filepath.Join(folder, "LICENSE"))
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(string(notice), string(licence)) {
			t.Error("pigo's licence is not in cascades/NOTICE")
		}
	})
}

func TestDamagedCascades_areAClearError(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(data []byte) []byte{
		"one bit is turned over": func(data []byte) []byte { data[4000] ^= 1; return data },
		"the end is missing":     func(data []byte) []byte { return data[:1000] },
		"the file is missing":    func([]byte) []byte { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := Cascades()
			files["lp84"] = damage(slices.Clone(files["lp84"]))
			_, err := ModelsFrom(files)
			if err == nil || !strings.Contains(err.Error(), "cascade lp84") {
				t.Errorf("error %v, want one that names the cascade", err)
			}
		})
	}
}

func TestMalformedCascades_areRefused(t *testing.T) {
	t.Parallel()
	with := func(name string, at int, b byte) []byte {
		data := slices.Clone(Cascades()[name])
		data[at] = b
		return data
	}
	sound, finder := Cascades()["lp38"], Cascades()["facefinder"]
	for name, data := range map[string][]byte{
		"nothing": nil, "a short header": sound[:10], "more stages than data": with("lp38", 0, 7),
		"absurdly many trees": with("lp38", 10, 255),
		"absurdly deep trees": with("lp38", 12, 30), "shallow trees": with("lp38", 12, 8),
		"a byte too many": append(slices.Clone(sound), 0),
	} {
		t.Run("points: "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseRegressor(data); err == nil {
				t.Error("was accepted")
			}
		})
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "a short header": finder[:10], "other trees": with("facefinder", 8, 5), "no trees": finder[:16],
		"absurdly many trees": with("facefinder", 15, 255), "a byte too many": append(slices.Clone(finder), 0),
	} {
		t.Run("faces: "+name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseFinder(data); err == nil {
				t.Error("was accepted")
			}
		})
	}
}
