package analyze

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/telemetry"
)

func TestProfilesThatAreNotConvertedAreLoggedByName(t *testing.T) {
	for name, tt := range map[string]struct {
		profile *report.ColorProfile
		logged  bool
	}{
		"none":          {nil, false},
		"converted":     {&report.ColorProfile{Name: "Display P3", Converted: true}, false},
		"not converted": {&report.ColorProfile{Name: "A scanner", Reason: "of a kind that is not read"}, true},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			before := slog.Default()
			slog.SetDefault(telemetry.NewLogger(&log, telemetry.Traces{Project: "p"}, slog.LevelInfo))
			defer slog.SetDefault(before)
			logProfile(t.Context(), tt.profile)
			named := strings.Contains(log.String(), `"profile":"A scanner"`) && strings.Contains(
				log.String(), "of a kind that is not read",
			)
			if named != tt.logged || tt.logged == (log.Len() == 0) {
				t.Errorf("log: %s", log.String())
			}
		})
	}
}
