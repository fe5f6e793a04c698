package export_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

// A commit may be done without its answer arriving. The client library then runs the transaction
// again, which sees its own change.
func TestExport_whenACommitsAnswerIsLost(t *testing.T) {
	t.Parallel()
	for _, code := range []codes.Code{codes.Aborted, codes.Unavailable} {
		for n := range int64(3) {
			t.Run(fmt.Sprintf("as %s, of commit %d", code, n+1), func(t *testing.T) {
				t.Parallel()
				w := newWorld(t)
				var commits atomic.Int64
				fs := emulatortest.Firestore(t, w.Project, grpc.WithChainUnaryInterceptor(func(
					ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker,
					opts ...grpc.CallOption,
				) error {
					err := invoke(ctx, method, req, reply, conn, opts...)
					if err == nil && strings.HasSuffix(method, "/Commit") && commits.Add(1) == n+1 {
						return status.Error(code, "the answer is lost")
					}
					return err
				}))
				w.exporter.Firestore = fs
				w.exporter.Outbox = outbox.New(fs, w.Publisher, testkit.Writer("export"), w.Clock)
				w.seed(t, ada)
				w.ask(t)
				for _, m := range w.take() {
					for range 3 { // delivered again until it succeeds, past the lease
						if err := w.exporter.Handle(t.Context(), m); err == nil {
							break
						}
						w.Advance(2 * time.Minute)
					}
				}
				if commits.Load() <= n {
					t.Fatalf("%d commits, so this shows nothing", commits.Load())
				}
				w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
			})
		}
	}
}
