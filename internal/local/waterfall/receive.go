package waterfall

import (
	"cmp"
	"compress/gzip"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/facescan/facescan/internal/telemetry"
)

// ExportPath is where OTLP's exporters POST to below an endpoint.
const ExportPath = "/v1/traces"

// Limits of an export. What is more is refused, or cut where it is text. A message without fields
// has two bytes, and a hundred in memory, so that a body may take a hundred times its size. The
// functions export at most 512 spans at once, the default of the SDK.
const (
	maxSent   = 1 << 20 // bytes as they are sent
	maxBody   = 2 << 20 // bytes after decompression
	maxText   = 200     // bytes of a name or a value
	maxValues = 32      // attributes or links of a span
)

// Export takes an export over OTLP/HTTP with protobuf. The functions export by HTTP here and not by
// gRPC: it needs no port of its own. ExportPath of [Ring] answers 400 to what cannot be read, 413
// to what is too large, and 415 to other formats.
func (r *Ring) Export(w http.ResponseWriter, req *http.Request) {
	spans, status, err := read(w, req)
	if err != nil {
		http.Error(w, err.Error(), status)
		return
	}
	r.Add(spans...)
	w.Header().Set("Content-Type", "application/x-protobuf")
	w.WriteHeader(http.StatusOK) // an ExportTraceServiceResponse without fields is empty
}

var errTooLarge = errors.New("the export is too large")

func read(w http.ResponseWriter, req *http.Request) (_ []Span, status int, err error) {
	kind, _, err := mime.ParseMediaType(req.Header.Get("Content-Type"))
	if err != nil || kind != "application/x-protobuf" {
		return nil, http.StatusUnsupportedMediaType, errors.New("send application/x-protobuf")
	}
	var body io.Reader = http.MaxBytesReader(w, req.Body, maxSent)
	switch req.Header.Get("Content-Encoding") {
	case "", "identity":
	case "gzip":
		if body, err = gzip.NewReader(body); err != nil {
			return nil, http.StatusBadRequest, fmt.Errorf("read gzip: %w", err)
		}
	default:
		return nil, http.StatusUnsupportedMediaType, errors.New("send it as it is or by gzip")
	}
	data, err := io.ReadAll(io.LimitReader(body, maxBody+1))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge) || len(data) > maxBody:
		return nil, http.StatusRequestEntityTooLarge, errTooLarge
	case err != nil:
		return nil, http.StatusBadRequest, fmt.Errorf("read the export: %w", err)
	}
	spans, err := decode(data)
	if err != nil {
		return nil, http.StatusBadRequest, err
	}
	return spans, http.StatusOK, nil
}

// decode returns the spans of an ExportTraceServiceRequest. Those without valid ids are left out.
func decode(data []byte) ([]Span, error) {
	var in collector.ExportTraceServiceRequest
	if err := proto.Unmarshal(data, &in); err != nil {
		return nil, fmt.Errorf("read the export: %w", err)
	}
	var spans []Span
	for _, of := range in.GetResourceSpans() {
		service := "?"
		for _, a := range of.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = text(value(a.GetValue()))
			}
		}
		for _, scope := range of.GetScopeSpans() {
			own := scope.GetScope().GetName() == telemetry.Scope
			for _, s := range scope.GetSpans() {
				if len(s.GetTraceId()) == 16 && len(s.GetSpanId()) == 8 {
					shown := newSpan(service, s)
					shown.Own = own
					spans = append(spans, shown)
				}
			}
		}
	}
	return spans, nil
}

func newSpan(service string, s *trace.Span) Span {
	shown := Span{
		Trace: hex.EncodeToString(s.GetTraceId()), ID: hex.EncodeToString(s.GetSpanId()),
		Service: service, Name: text(s.GetName()),
		Start: instant(s.GetStartTimeUnixNano()), End: instant(s.GetEndTimeUnixNano()),
		Failed: s.GetStatus().GetCode() == trace.Status_STATUS_CODE_ERROR,
	}
	if len(s.GetParentSpanId()) == 8 {
		shown.Parent = hex.EncodeToString(s.GetParentSpanId())
	}
	for _, a := range s.GetAttributes()[:min(len(s.GetAttributes()), maxValues)] {
		shown.Attributes = append(shown.Attributes, Attribute{text(a.GetKey()), text(value(a.GetValue()))})
	}
	slices.SortFunc(shown.Attributes, func(a, b Attribute) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Value, b.Value))
	})
	for _, l := range s.GetLinks()[:min(len(s.GetLinks()), maxValues)] {
		if id := hex.EncodeToString(l.GetTraceId()); len(id) == 32 && id != shown.Trace {
			shown.Links = append(shown.Links, id)
		}
	}
	return shown
}

// instant returns the time of so many nanoseconds since 1970. What an int64 does not hold is its
// largest.
func instant(nanoseconds uint64) time.Time {
	return time.Unix(0, int64(min(nanoseconds, 1<<63-1))).UTC()
}

func value(v *common.AnyValue) string {
	switch v := v.GetValue().(type) {
	case *common.AnyValue_StringValue:
		return v.StringValue
	case *common.AnyValue_IntValue:
		return strconv.FormatInt(v.IntValue, 10)
	case *common.AnyValue_BoolValue:
		return strconv.FormatBool(v.BoolValue)
	case *common.AnyValue_DoubleValue:
		return strconv.FormatFloat(v.DoubleValue, 'g', -1, 64)
	}
	return "(of another type)"
}

// text cuts what is too long to show.
func text(s string) string {
	if len(s) > maxText {
		s = s[:maxText] + "…"
	}
	return strings.ToValidUTF8(s, "\uFFFD")
}
