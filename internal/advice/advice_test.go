package advice_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/advice"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/sentence"
)

const (
	alone  = "Take the photo of yourself alone."
	closer = "Hold the phone closer, at arm's length, so that your face fills about half of the picture."
	turn   = "Turn your head towards the left edge of the picture by about 12 degrees."
)

// Every fix is about the check whose words it has.
func TestOf(t *testing.T) {
	t.Parallel()
	checks := []report.Check{
		{Check: report.CheckOtherFaces, Verdict: report.VerdictWarn},
		{Check: report.CheckBrightness, Verdict: report.VerdictOK},
		{Check: report.CheckFaceSize, Verdict: report.VerdictReject},
		{Check: report.CheckYaw, Verdict: report.VerdictWarn},
		{Check: report.CheckFraming, Verdict: report.VerdictWarn},
	}
	want := []advice.Fix{
		{
			Code: "move_closer", Check: report.CheckFaceSize, Gain: advice.Measured,
			Detail: "Halte das Telefon näher, eine Armlänge entfernt, sodass dein Gesicht etwa das halbe Bild füllt.",
		},
		{Code: "be_alone", Check: report.CheckOtherFaces, Detail: "Mach das Foto nur von dir."},
		{
			Code: "turn_head", Params: []string{"left", "12"}, Check: report.CheckYaw, Gain: advice.Ranked,
			Detail: "Dreh den Kopf um etwa 12 Grad zum linken Bildrand.",
		},
	}
	if diff := cmp.Diff(want, advice.Of(sentence.German, checks, []string{closer, alone, turn})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	other := []advice.Fix{{
		Code: "turn_head", Params: []string{"left", "12"}, Detail: turn,
	}}
	if diff := cmp.Diff(other, advice.Of(sentence.English, nil, []string{turn})); diff != "" {
		t.Errorf("of no check (-want +got):\n%s", diff)
	}
	if got := advice.Of(sentence.English, checks, nil); got == nil || len(got) > 0 {
		t.Errorf("of no fixes %+v", got)
	}
}

func TestOfFailure(t *testing.T) {
	t.Parallel()
	want := []advice.Fix{
		{Code: "move_closer", Detail: closer, Gain: advice.Measured},
		{Code: "other", Detail: "Smile."},
		{Code: "be_alone", Detail: alone},
	}
	got := advice.OfFailure(
		sentence.English, "The face is small in the picture. "+closer, []string{closer, "Smile.", alone},
	)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
