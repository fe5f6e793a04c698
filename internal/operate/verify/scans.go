package verify

import (
	"strings"
	"time"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
)

// checkScans applies the rules on the scans' documents.
func (h *home) checkScans() {
	arrived := map[scan.ID]bool{}
	for _, o := range h.photos {
		if _, id, ok := scan.ParsePhotoName(o.Name); ok {
			arrived[id] = true
		}
	}
	for id, s := range h.scans {
		path := "scans/" + string(id)
		switch {
		case !s.State.Terminal():
			h.checkUnfinished(path, s, arrived[id])
		case s.State == scan.Completed:
			h.checkCompleted(path, s)
		case s.State == scan.Failed && (s.Failure == nil || s.Failure.Code == ""):
			h.report(ScanWhole, path, false, "it has failed without a reason")
		}
		if s.State.Terminal() && s.Lease.Token != "" {
			h.report(ScanWhole, path, false, "it has ended, and an analysis still holds it")
		}
	}
}

// checkUnfinished checks a scan that has not ended. One whose photo has not come yet waits for its
// user and not for the system.
func (h *home) checkUnfinished(path string, s scan.Scan, arrived bool) {
	if s.SweepAt == nil {
		h.report(ScanEnds, path, false, "it is %s, and nothing will look at it again", s.State)
		return
	}
	late := h.late(*s.SweepAt)
	switch {
	case late:
		h.report(ScanEnds, path, false, "it is %s, and was to be looked at again at %s", s.State,
			s.SweepAt.UTC().Format(time.RFC3339))
	case s.State != scan.AwaitingUpload || arrived:
		h.report(ScanEnds, path, true, "it is %s", s.State)
	}
}

// checkCompleted checks that a completed scan has its result, its report and its pictures.
func (h *home) checkCompleted(path string, s scan.Scan) {
	if s.Result == nil || s.Failure != nil {
		h.report(ScanWhole, path, false, "it is completed, with a result: %t, with a failure: %t",
			s.Result != nil, s.Failure != nil)
	}
	there := map[string]bool{}
	for _, o := range h.results {
		there[o.Name] = true
	}
	if !there[scan.ReportName(s.UID, s.ID)] {
		h.report(ScanWhole, path, false, "its report is missing")
	}
	for _, r := range s.Rendered {
		if name := scan.ResultPrefix(s.UID, s.ID) + "renditions/" + r.Name; r.Failure == "" && !begins(there, name) {
			h.report(ScanWhole, path, false, "its rendition %q is missing", r.Name)
		}
	}
}

func begins(names map[string]bool, prefix string) bool {
	for name := range names {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// checkObjects checks that each object belongs to something that will delete it.
func (h *home) checkObjects() {
	for _, o := range h.photos {
		_, id, ok := scan.ParsePhotoName(o.Name)
		s, there := h.scans[id]
		switch {
		case h.unread[string(id)]: // what it is of cannot be told
		case !ok || !there:
			h.stray(h.Uploads, o, "a photo without a scan")
		case s.Generation != 0 && s.Generation != o.Generation:
			h.stray(h.Uploads, o, "another generation than the scan's photo")
		case s.State.Terminal():
			h.checkKept(o, s)
		}
	}
	for _, o := range h.results {
		parts := strings.Split(o.Name, "/")
		if len(parts) < 4 {
			h.stray(h.Results, o, "it is not below a scan's folder")
			continue
		}
		s, there := h.scans[scan.ID(parts[2])]
		switch {
		case h.unread[parts[2]]:
		case !there:
			h.stray(h.Results, o, "it is made of a scan that is gone")
		case s.State == scan.Failed || s.State == scan.Expired:
			h.stray(h.Results, o, "it is made of a scan that is "+string(s.State))
		}
	}
	for _, o := range h.archives {
		id := strings.TrimSuffix(o.Name[strings.LastIndexByte(o.Name, '/')+1:], ".zip")
		if _, there := h.exports[id]; !there && !h.unread[id] {
			h.stray(h.Results, o, "an archive without an export")
		}
	}
}

// checkKept checks that the photo of a scan that has ended will be deleted.
func (h *home) checkKept(o *storage.ObjectAttrs, s scan.Scan) {
	path := h.Uploads.BucketName() + "/" + o.Name
	switch {
	case s.SweepAt == nil && s.Generation == o.Generation:
		h.report(PhotoDue, path, false, "the scan is %s, and nothing will delete its photo", s.State)
	case s.SweepAt == nil: // it came after its scan had expired, and its notification is on the way
		h.stray(h.Uploads, o, "the scan has expired without it")
	case h.late(*s.SweepAt):
		h.report(PhotoDue, path, false, "it was to be deleted or looked at by %s", s.SweepAt.UTC().Format(time.RFC3339))
	case h.Now().Sub(s.FinishedAt) > schema.StuckLife+24*time.Hour:
		h.report(PhotoDue, path, false, "it is kept for longer than any user may wish")
	}
}

// stray reports an object that belongs to nothing. A new one may be on its way.
func (h *home) stray(in *storage.BucketHandle, o *storage.ObjectAttrs, says string) {
	h.report(ObjectOwned, in.BucketName()+"/"+o.Name, !h.late(o.Created), "%s", says)
}
