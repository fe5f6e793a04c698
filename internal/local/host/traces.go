package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/waterfall"
	"github.com/facescan/facescan/internal/scan"
)

// variableCollector names the collector of the traces.
const variableCollector = "OTEL_EXPORTER_OTLP_ENDPOINT"

// collectTraces has the functions export all their spans to the private port, if that is wanted and
// the developer has no collector of their own.
func (h *Host) collectTraces(wanted bool) error {
	if !wanted || os.Getenv(variableCollector) != "" {
		return nil
	}
	h.traces = waterfall.NewRing(waterfall.Kept)
	return setenv(map[string]string{
		variableCollector:             h.private.url(address.Loopback),
		"OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
		"FACESCAN_TRACE_RATIO":        "1",
	})
}

// TracesURL returns where a person looks at the traces, http://127.0.0.1:port/view/traces, or ""
// if the stack keeps none.
func (h *Host) TracesURL() string {
	if h.traces == nil {
		return ""
	}
	return h.private.url(address.Loopback) + waterfall.PagePath
}

// findTraces returns the traces of the scan or user with the id, or of the user with the pseudonym
// in the logs. They are those of the photos that are there: the functions continue the trace that
// is in the photo's metadata, and store it nowhere else.
func (h *Host) findTraces(ctx context.Context, id string) (ids []string, err error) {
	logs, err := keys.Parse(keys.ForLogs, os.Getenv(keys.ForLogs.Variable()))
	if err != nil {
		return nil, err
	}
	client, err := storage.NewClient(ctx, h.Storage.ClientOptions()...)
	if err != nil {
		return nil, fmt.Errorf("connect to the storage: %w", err)
	}
	defer func() { err = errors.Join(err, client.Close()) }()
	for photos := client.Bucket(UploadsBucket).Objects(ctx, nil); ; {
		photo, err := photos.Next()
		if errors.Is(err, iterator.Done) {
			return ids, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the photos: %w", err)
		}
		uid, of, ok := scan.ParsePhotoName(photo.Name)
		if !ok || !slices.Contains([]string{string(of), string(uid), logs.Pseudonym(string(uid))}, id) {
			continue
		}
		// A W3C traceparent: version, trace, span and flags.
		if parts := strings.Split(photo.Metadata["traceparent"], "-"); len(parts) == 4 {
			ids = append(ids, parts[1])
		}
	}
}
