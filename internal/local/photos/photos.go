// Package photos has a test photo for each outcome of a scan, as payment APIs have test cards. The
// local stack serves them; no deployed function links them.
//
// The faces are drawn (package portrait), so they belong to no person. A photo is drawn when it is
// first asked for, which takes a fraction of a second, and its bytes are the same on every machine.
package photos

import (
	"bytes"
	"fmt"
	"image"
	"image/jpeg"
	"sync"

	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/testphoto/portrait"
)

// Photo is a test photo with how it is uploaded and what comes of it.
type Photo struct {
	// Code is its name, unique.
	Code string `json:"code"`
	// URL is where it is fetched.
	URL string `json:"url"`
	// Shows is what it shows, a sentence.
	Shows string `json:"shows"`
	// ContentType is what the ticket is asked for. It is the file's own type, but for the photo that
	// fails for it.
	ContentType string `json:"contentType"`
	// SHA256 is what the ticket is asked to announce, "" for the file's own or nothing.
	SHA256 string `json:"sha256,omitempty"`
	// ContentEncoding is the header that the PUT has, "" for none.
	ContentEncoding string `json:"contentEncoding,omitempty"`
	// After are the photos that the same user must have had measured before.
	After []string `json:"after,omitempty"`
	// Outcome is what comes of it.
	Outcome Outcome `json:"outcome"`

	file func() ([]byte, error)
}

// Outcome is what comes of a photo.
type Outcome struct {
	// State is the scan's.
	State scan.State `json:"state"`
	// FailureCode is the code of the failure of a scan that failed.
	FailureCode string `json:"failureCode,omitempty"`
	// Rankable reports whether a completed scan may be ranked.
	Rankable bool `json:"rankable"`
	// Warnings are the checks that warn of a completed scan's photo. If it is not rankable and has no
	// Reasons, the first that may keep a photo from being ranked does.
	Warnings []string `json:"warnings,omitempty"`
	// Reasons are those of the guard why the scan is not ranked.
	Reasons []cheat.Code `json:"reasons,omitempty"`
	// DuplicateOf is the photo whose scan this one repeats.
	DuplicateOf string `json:"duplicateOf,omitempty"`
}

// Absent is an outcome that no photo has by itself.
type Absent struct {
	// Code is the code of the failure, or the reason why a scan is not ranked.
	Code string `json:"code"`
	// Instead is how to get it, a sentence.
	Instead string `json:"instead"`
}

// WithoutPhoto returns the outcomes that no photo has by itself.
func WithoutPhoto() []Absent {
	return []Absent{
		{
			scan.ReasonMissing,
			"Delete the photo's object from the local Storage before it is measured.",
		}, {
			scan.ReasonExpired,
			"A photo fails so if each attempt to measure it has failed for 7 days, and the local stack measures at once.",
		}, {
			scan.ReasonWithdrawn,
			"Withdraw the consent (DELETE /v1/me/consent) while the scan is queued or processing.",
		}, {
			scan.ReasonHeld,
			"Put the user into quarantine (POST /v1/admin/users/{uid}/standing) while the scan is queued or processing.",
		}, {
			scan.ReasonCrashed,
			"No photo is known that the engine crashes on: one that does is a defect to mend.",
		},
	}
}

// All returns the photos, in the order in which they are listed.
var All = sync.OnceValue(func() []Photo {
	var all []Photo
	for _, part := range [][]Photo{
		completed(), formats(), advised(), unranked(), guarded(), refused(), unread(), misdeclared(),
	} {
		all = append(all, part...)
	}
	for i := range all {
		all[i].file = sync.OnceValues(all[i].file)
		if all[i].ContentType == "" {
			all[i].ContentType = "image/jpeg"
		}
	}
	return all
})

// File returns the bytes of the photo. They must not be changed.
func (p Photo) File() ([]byte, error) {
	data, err := p.file()
	if err != nil {
		return nil, fmt.Errorf("draw the photo %s: %w", p.Code, err)
	}
	return data, nil
}

// MediaType returns the media type of the file.
func (p Photo) MediaType() (string, error) {
	data, err := p.File()
	return report.MediaType(data), err
}

// usual is the face of most photos: even enough for a good score, and not more than faces are.
var usual = portrait.Face{Seed: 1, Uneven: .06}

// drawn returns the recipe of a selfie of the usual face, changed.
func drawn(change func(f *portrait.Face, at *portrait.Frame), then ...func(*image.RGBA)) func() ([]byte, error) {
	return func() ([]byte, error) {
		f, at := usual, portrait.Selfie()
		if change != nil {
			change(&f, &at)
		}
		img := f.Draw(at)
		for _, alter := range then {
			alter(img)
		}
		return asJPEG(img, quality)
	}
}

// quality is that of a camera's JPEG.
const quality = 92

func asJPEG(img image.Image, q int) ([]byte, error) {
	var b bytes.Buffer
	err := jpeg.Encode(&b, img, &jpeg.Options{Quality: q})
	return b.Bytes(), err
}

func ranked(warnings ...string) Outcome {
	return Outcome{State: scan.Completed, Rankable: true, Warnings: warnings}
}

func notRanked(warnings ...string) Outcome { return Outcome{State: scan.Completed, Warnings: warnings} }

func failed(code string) Outcome { return Outcome{State: scan.Failed, FailureCode: code} }

func fails(code report.Code) Outcome { return failed(string(code)) }
