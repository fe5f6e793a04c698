package serve

import (
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// Names for the tests.
const (
	ImageLife     = imageLife
	OriginalImage = originalImage
)

type (
	ImagesView     = imagesView
	ListView       = httpapi.List[scan.Summary]
	SeriesImages   = httpapi.List[scanImagesView]
	SeriesListView = httpapi.List[series.View]
	TimelineView   = httpapi.List[pointView]
)

var (
	Timeline = timeline
)
