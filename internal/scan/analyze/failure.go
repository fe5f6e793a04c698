package analyze

import (
	"cmp"
	"errors"
	"fmt"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/scan"
)

// Failures of a measurement.
var (
	crashed = scan.Failure{
		Code:   scan.ReasonCrashed,
		Detail: "The photo could not be analysed. We have been told; please try another photo.",
	}
	mismatch = scan.Failure{
		Code:   scan.ReasonMismatch,
		Detail: "The photo is not the one that was announced. Please upload it again.",
	}
	refused = scan.Failure{
		Code:   scan.ReasonWithdrawn,
		Detail: "You withdrew your consent, so the scan was stopped and its photo deleted.",
	}
	held = scan.Failure{
		Code:   scan.ReasonHeld,
		Detail: "Your account is under review, so the scan was stopped and its photo deleted.",
	}
	encoded = scan.Failure{
		Code:   scan.ReasonEncoded,
		Detail: "The photo was sent in an encoding that is not read here and was deleted. Please upload it again as it is.",
	}
	tooLarge = scan.Failure{
		Code:   string(report.TooLarge),
		Detail: fmt.Sprintf("This file has more than %d megabytes. Please choose a smaller one.", scan.MaxBytes>>20),
	}
)

// otherType returns the failure of a photo whose bytes are not of the announced type.
func otherType(announced, found string) scan.Failure {
	return scan.Failure{Code: scan.ReasonType, Detail: fmt.Sprintf(
		"The photo was announced as %s but is %s. Please upload it again.",
		cmp.Or(scan.TypeName(announced), announced), cmp.Or(scan.TypeName(found), found),
	)}
}

// unfit is the error of a photo that no further attempt would measure.
type unfit struct{ scan.Failure }

// Error returns the code and the sentence.
func (u *unfit) Error() string { return u.Code + ": " + u.Detail }

// failureOf returns the failure that the error of a measurement stands for. ok is false for a
// transient error.
func failureOf(err error) (f scan.Failure, ok bool) {
	var photo *unfit
	var refusal *report.Refusal
	switch {
	case errors.As(err, &photo):
		return photo.Failure, true
	case errors.As(err, &refusal):
		return scan.Failure{Code: string(refusal.Code), Detail: refusal.Detail, Fixes: refusal.Fixes}, true
	case fault.Is(err, fault.CodeAnalysisCrashed):
		return crashed, true
	}
	return scan.Failure{}, false
}
