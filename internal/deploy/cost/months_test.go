package cost

import (
	"errors"
	"strings"
	"testing"
)

func TestReport(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	if err := Report(&out); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"for 1,000 scans", "boards: ", "notices: ", "series: ", "retention: ", "\n100000 ", "Rekognition",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
}

// A feature is a part of a scan, so it costs something, and less than all of the scan.
func TestFeaturesArePartsOfAScan(t *testing.T) {
	t.Parallel()
	scan, err := printScans(new(strings.Builder))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range features {
		if price, err := f.cost(); err != nil || price <= 0 || price >= scan {
			t.Errorf("%s costs %v, a scan %v: %v", f.what, price, scan, err)
		}
	}
}

func TestPart_ofWhatIsNotCounted(t *testing.T) {
	t.Parallel()
	if _, err := (part{counts: map[string]float64{"dance": 1}}).cost(); err == nil {
		t.Error("what is not counted has a price")
	}
}

func TestWithin(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		scans, month float64
		want         error
	}{
		"within both":               {scansBudget, monthBudget, nil},
		"scans above their budget":  {scansBudget + 0.001, 0, ErrOverBudget},
		"months above their budget": {0, monthBudget + 0.01, ErrOverBudget},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := within(tt.scans, tt.month); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}
