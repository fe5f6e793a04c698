package face

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

func TestCascadesAreThoseOfPigo(t *testing.T) {
	t.Parallel()
	folder, err := pigoFolder()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cascadeSums {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			ours, err := readChecked(cascadeFiles, "cascades/"+c.name, c.sha256)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := os.ReadFile(filepath.Join(folder, "cascade", "lps", c.name))
			if err != nil {
				theirs, err = os.ReadFile(filepath.Join(folder, "cascade", c.name))
			}
			if err != nil {
				t.Fatal(err)
			}
			if string(ours) != string(theirs) {
				t.Error("differs from pigo's file")
			}
		})
	}
	t.Run("the notice carries the licence", func(t *testing.T) {
		t.Parallel()
		notice, err := cascadeFiles.ReadFile("cascades/NOTICE")
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

func TestDamagedCascadesAreAClearError(t *testing.T) {
	t.Parallel()
	files := func() fstest.MapFS {
		m := fstest.MapFS{}
		for _, c := range cascadeSums {
			data, err := cascadeFiles.ReadFile("cascades/" + c.name)
			if err != nil {
				t.Fatal(err)
			}
			m[c.name] = &fstest.MapFile{Data: data}
		}
		return m
	}
	for name, damage := range map[string]func(fstest.MapFS){
		"one bit is turned over": func(m fstest.MapFS) { m["lp84"].Data[4000] ^= 1 },
		"the end is missing":     func(m fstest.MapFS) { m["lp84"].Data = m["lp84"].Data[:1000] },
		"the file is missing":    func(m fstest.MapFS) { delete(m, "lp84") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := files()
			damage(m)
			_, err := modelsFrom(m)
			if err == nil || !strings.Contains(err.Error(), "cascade lp84") {
				t.Errorf("error %v, want one that names the cascade", err)
			}
		})
	}
}

func TestMalformedCascadesAreRefused(t *testing.T) {
	t.Parallel()
	sound, err := fs.ReadFile(cascadeFiles, "cascades/lp38")
	if err != nil {
		t.Fatal(err)
	}
	with := func(at int, b byte) []byte {
		data := append([]byte{}, sound...)
		data[at] = b
		return data
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "a short header": sound[:10], "more stages than data": with(0, 7), "absurdly many trees": with(10, 255),
		"absurdly deep trees": with(12, 30), "a byte too many": append(append([]byte{}, sound...), 0),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parseRegressor(data); err == nil {
				t.Error("was accepted")
			}
		})
	}
}

// TestVersionFollowsTheTables fails when a cascade or a number that a report depends on is changed without a new version.
func TestVersionFollowsTheTables(t *testing.T) {
	t.Parallel()
	h := sha256.New()
	fmt.Fprintln(h, cascadeSums, offsets, yawDirection, yawDegrees, turnWeights, pointErrors, spreads, indexScores,
		indexSD, indexReliability, usualSpread, usualSideLight, fieldPoints, levels, checkRules, starts)
	for _, r := range metricRules {
		fmt.Fprintln(h, r.name, r.unit, r.sides, r.bias, r.sem, r.reliability, r.feels)
	}
	want := "+" + hex.EncodeToString(h.Sum(nil))[:8]
	if !strings.HasSuffix(Version, want) {
		t.Errorf("Version is %s; its last part must be %s, and the number before it must be raised if this was released", Version, want)
	}
}
