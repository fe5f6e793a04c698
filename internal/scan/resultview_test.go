package scan_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/sentence"
)

func TestNewView_namesTheResult(t *testing.T) {
	t.Parallel()
	stored := map[string]any{
		"version": "facescan-2.0.0", "rankable": true,
		"quality": []any{map[string]any{"check": "roll", "value": 1.2, "warn": 15.0, "reject": nil, "verdict": "ok"}},
		"metrics": []any{map[string]any{"name": "mouth_tilt", "value": 0.0}},
		"score": map[string]any{
			"value": 62.5, "se": 0.41, "contributions": []any{map[string]any{"metric": "eyes", "points": -6.1}},
		},
		"image":       map[string]any{"colorProfile": map[string]any{"name": "", "converted": false}},
		"notMeasured": []any{map[string]any{"name": "chin", "reason": "No point lies on the chin."}},
	}
	want := map[string]any{
		"engine": "facescan-2.0.0", "rankable": true,
		"checks":  []any{map[string]any{"check": "roll", "value": 1.2, "warn": 15.0, "verdict": "ok"}},
		"metrics": []any{map[string]any{"metric": "mouth_tilt", "value": 0.0}},
		"score": map[string]any{
			"value": 62.5, "standardError": 0.41, "contributions": []any{map[string]any{"part": "eyes", "points": -6.1}},
		},
		"image":       map[string]any{"colorProfile": map[string]any{"converted": false}},
		"notMeasured": []any{map[string]any{"metric": "chin", "detail": "No point lies on the chin."}},
	}
	if diff := cmp.Diff(want, scan.NewView(scan.Scan{Result: stored}, sentence.English).Result); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if stored["version"] != "facescan-2.0.0" || stored["quality"] == nil {
		t.Errorf("what is stored was changed: %v", stored)
	}
	if got := scan.NewView(scan.Scan{}, sentence.English).Result; got != nil {
		t.Errorf("without a result: %v", got)
	}
}
