package scan_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/sentence"
)

// stored returns the result as Firestore returns it.
func stored(t *testing.T, result map[string]any) map[string]any {
	t.Helper()
	body, err := json.Marshal(result)
	if err != nil {
		t.Fatal(err)
	}
	return decodedObject(t, body)
}

func decodedObject(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var value map[string]any
	if err := json.Unmarshal(body, &value); err != nil {
		t.Fatal(err)
	}
	return value
}

func TestNewView_tellsTheResultInTheLanguage(t *testing.T) {
	t.Parallel()
	s := scan.Scan{State: scan.Completed, Result: stored(t, map[string]any{
		"quality": []report.Check{
			{Check: report.CheckYaw, Verdict: report.VerdictWarn}, {Check: report.CheckRoll, Verdict: report.VerdictWarn},
		},
		"fixes": []string{
			"Turn your head towards the left edge of the picture by about 13 degrees.",
			"Hold the phone upright and keep your head level.",
		},
		"notRankableBecause": "The head is turned to the side. " + cheat.PaceDetail,
		"notMeasured":        report.Unmeasured()[2:3],
		"guard": []cheat.Reason{{
			Code: cheat.HalfFace, Detail: "Both halves of the face are the same picture, one of them mirrored.",
		}},
		"pace": map[string]any{"code": "daily_limit", "detail": cheat.PaceDetail, "help": cheat.PaceHelp},
		"image": report.Image{Width: 3, ColorProfile: &report.ColorProfile{
			Reason: "the colour profile is malformed",
		}},
	})}
	before := stored(t, s.Result)
	const pace = "Fünf Ergebnisse eines Tages (UTC) kommen in die Rangliste, und die hattest du schon. " +
		"Dieses ist gemessen und zählt nicht."
	want := map[string]any{
		"fixes": []any{
			map[string]any{
				"code": "turn_head", "params": []any{"left", "13"}, "check": "yaw", "gain": "ranked",
				"detail": "Dreh den Kopf um etwa 13 Grad zum linken Bildrand.",
			},
			map[string]any{"code": "hold_level", "check": "roll", "detail": "Halte das Telefon aufrecht und den Kopf gerade."},
		},
		"notRankableBecause": []any{
			map[string]any{"code": "head_turned", "detail": "Der Kopf ist zur Seite gedreht."},
			map[string]any{"code": "daily_limit", "detail": pace},
		},
		"notMeasured": []any{map[string]any{"metric": "chin", "detail": "Kein Punkt liegt auf dem Kinn."}},
		"guard": []any{map[string]any{
			"code": "mirrored_half", "detail": "Beide Gesichtshälften sind dasselbe Bild, eine davon gespiegelt.",
		}},
	}
	body, err := json.Marshal(scan.NewView(s, sentence.German).Result)
	if err != nil {
		t.Fatal(err)
	}
	got := decodedObject(t, body)
	for member, value := range want {
		if diff := cmp.Diff(value, got[member]); diff != "" {
			t.Errorf("%s (-want +got):\n%s", member, diff)
		}
	}
	for member, end := range map[string]string{
		"pace":  `"help":"Jedes Foto`,
		"image": `"reason":{"code":"profile_malformed","detail":"Das Farbprofil ist fehlerhaft."}`,
	} {
		if part, _ := json.Marshal(got[member]); !strings.Contains(string(part), end) {
			t.Errorf("%s is %s", member, part)
		}
	}
	if diff := cmp.Diff(before, s.Result); diff != "" {
		t.Errorf("the stored result has changed:\n%s", diff)
	}
}

func TestNewView_ofResultWithoutSentences(t *testing.T) {
	t.Parallel()
	result := map[string]any{"version": "facescan-1.0.0", "notRankableBecause": "", "fixes": []any{}}
	body, err := json.Marshal(scan.NewView(scan.Scan{Result: result}, sentence.German).Result)
	if want := `{"engine":"facescan-1.0.0","fixes":[],"notRankableBecause":[]}`; err != nil || string(body) != want {
		t.Errorf("%s %v, want %s", body, err, want)
	}
	if got := scan.NewView(scan.Scan{}, sentence.German).Result; got != nil {
		t.Errorf("of no result %v", got)
	}
}
