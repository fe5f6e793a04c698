package host

import (
	"context"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// The functions write no file: in Cloud Run a file is memory, and a full disk must lose nothing. So
// all goes well in a process that may not write a byte to one, which the kernel would end.
func TestFunctions_needNoDisk(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	h := start(t)
	before := h.PID()
	limit := exec.CommandContext(ctx, "prlimit", "--fsize=0:0", "--pid", strconv.Itoa(before))
	if out, err := limit.CombinedOutput(); err != nil {
		t.Fatalf("limit the process: %v\n%s", err, out)
	}
	ada := enrol(ctx, t, h, "ada")
	id := upload(ctx, t, ada, emulatortest.SamplePhoto(t))
	if s := awaitEnd(ctx, t, ada, id); s.State != api.ScanStateCompleted {
		t.Errorf("the scan is %s: %+v", s.State, s.Failure)
	}
	made, err := ada.AwaitExport(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ada.Download(ctx, made); err != nil {
		t.Error(err)
	}
	asked, err := ada.Erase(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Poll(ctx, func() (struct{}, bool, error) {
		_, there, err := ada.Receipt(ctx, asked.ReceiptURL)
		return struct{}{}, there, err
	})
	if err != nil {
		t.Errorf("wait for the receipt: %v", err)
	}
	if after := h.PID(); after != before {
		t.Errorf("process %d serves, before it was %d: a function wrote to a file", after, before)
	}
}
