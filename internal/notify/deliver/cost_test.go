package deliver

import (
	"fmt"
	"testing"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/meter"
)

// An event costs at most 4 reads and one for each device, an item and two writes for each channel.
func TestHandle_cost(t *testing.T) {
	t.Parallel()
	m := new(meter.Meter)
	project := emulatortest.UniqueProject(t)
	b := benchOver(t, project, emulatortest.Firestore(t, project, m.Options()...))
	b.save(ann())
	const devices = 3
	for i := range devices {
		b.saveDevice(fmt.Sprint(i), fmt.Sprintf("token-%d", i))
	}
	failed := event.ScanFailedV1{UID: string(uid), ScanID: "s", ConsentEpoch: 1, Code: "no_face"}
	best := event.PersonalBestReachedV1{UID: string(uid), ScanID: "s", Board: "b", ConsentEpoch: 1, Score: 50}
	ranks := event.RankChangedV1{UID: string(uid), Board: "b", ConsentEpoch: 1, Rank: 1, Total: 9}
	added := event.DeviceAddedV1{UID: string(uid), DeviceID: "new", Platform: "ios", AddedAt: start}
	for _, tt := range []struct {
		name     string
		data     event.Payload
		key      string
		channels int64
		devices  int64
	}{
		{"the first result", scanDone("s"), "s", 2, devices},
		{"a result that waits", scanDone("s"), "again", 2, 0},
		{"a failure", failed, "s", 2, devices},
		{"a personal best that waits", best, "s", 1, 0},
		{"a rank", ranks, "s", 2, devices},
		{"a device", added, "new", 2, devices},
		{"a welcome", event.AccountRegisteredV1{UID: string(uid)}, "", 2, devices},
	} {
		m.Take()
		b.handle(tt.data, tt.key)
		first := m.Take()
		b.handle(tt.data, tt.key)
		again := m.Take()
		t.Logf("%s: %d reads, %d writes; once more %d reads, %d writes",
			tt.name, first.Reads(), first.Writes, again.Reads(), again.Writes)
		if first.Reads() > 4+tt.devices || first.Writes > 1+2*tt.channels || first.Deletes > 0 {
			t.Errorf("%s costs %+v", tt.name, first)
		}
		if again.Reads() > 3 || again.Writes+again.Deletes > 0 {
			t.Errorf("%s costs %+v when it comes again", tt.name, again)
		}
	}
}
