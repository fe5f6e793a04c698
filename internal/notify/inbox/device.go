package inbox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

type deviceView struct {
	ID        string `json:"id"`
	Platform  string `json:"platform"`
	CreatedAt string `json:"createdAt"`
	UpdatedAt string `json:"updatedAt"`
}

func (h *Handler) putDevice(w http.ResponseWriter, r *http.Request) error {
	id, err := deviceParam(r)
	if err != nil {
		return err
	}
	spec, err := httpapi.Decode[device.Spec](w, r)
	if err != nil {
		return err
	}
	if err := spec.Validate(""); err != nil {
		return err
	}
	var c device.Change
	err = h.run(r, func(ctx context.Context, tx *outbox.Tx, who caller) error {
		c, err = device.Prepare(tx.Transaction, who.ref, id, spec, h.Now().UTC())
		if err != nil {
			return err
		}
		return account.PutDevice(ctx, tx, h.Limits, who.User, id, c)
	})
	if err != nil {
		return err
	}
	if err := device.Settle(
		r.Context(), h.Firestore, account.Ref(h.Firestore, account.Caller(r)), id, spec.Token,
	); err != nil {
		return err
	}
	code := http.StatusOK
	if c.Created {
		code = http.StatusCreated
	}
	return httpapi.Write(w, code, newDeviceView(id, c.Device))
}

func newDeviceView(id string, d device.Device) deviceView {
	return deviceView{
		ID: id, Platform: d.Platform, CreatedAt: httpapi.Time(d.CreatedAt), UpdatedAt: httpapi.Time(d.UpdatedAt),
	}
}

// listDevices answers with all devices of the caller, the one seen last first. They are at most
// device.Max, and one or two more while several are registered at once.
func (h *Handler) listDevices(w http.ResponseWriter, r *http.Request) error {
	user := account.Caller(r)
	if _, err := account.GetActive(r.Context(), h.Firestore, user); err != nil {
		return err
	}
	snaps, err := device.Of(account.Ref(h.Firestore, user)).Documents(r.Context()).GetAll()
	if err != nil {
		return fmt.Errorf("read the devices: %w", err)
	}
	l := httpapi.List[deviceView]{Items: []deviceView{}}
	for _, snap := range snaps {
		d, err := store.Decode[device.Device](snap, nil, "device", nil)
		if err != nil {
			return err
		}
		l.Items = append(l.Items, newDeviceView(snap.Ref.ID, d))
	}
	slices.SortFunc(l.Items, func(a, b deviceView) int { return strings.Compare(b.UpdatedAt, a.UpdatedAt) })
	return httpapi.Write(w, http.StatusOK, l)
}

func (h *Handler) deleteDevice(w http.ResponseWriter, r *http.Request) error {
	id, err := deviceParam(r)
	if err != nil {
		return err
	}
	err = h.run(r, func(_ context.Context, tx *outbox.Tx, who caller) error {
		return tx.Delete(device.Of(who.ref).Doc(id))
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func deviceParam(r *http.Request) (string, error) {
	id := r.PathValue("id")
	if !device.ValidID(id) {
		return "", fault.New(fault.CodeInvalidParameter, "The device's id is not valid.").
			WithParameter(fault.InPath, "id", "must be 1 to 64 letters, digits, dashes and underscores, the first no underscore")
	}
	return id, nil
}
