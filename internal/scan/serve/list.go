package serve

import (
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
)

const defaultPage = 20

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	f, err := filterParams(r)
	if err != nil {
		return err
	}
	asked, err := h.page(r, f.Scope()...)
	if err != nil {
		return err
	}
	found, err := scan.Find(r.Context(), h.Firestore, account.Caller(r), f, asked)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, httpapi.Collect(asked, found, scan.PositionOf, scan.NewSummary))
}

// page returns the part of the list that the caller requests. The caller's account must be in use.
func (h *Handler) page(r *http.Request, scope ...string) (httpapi.Page, error) {
	asked, err := httpapi.PageParams(r, defaultPage, scope...)
	if err != nil {
		return httpapi.Page{}, err
	}
	return asked, h.admit(r)
}

// listStates are the states for filtering a list, the first of which matches any.
var listStates = []string{
	"", string(scan.AwaitingUpload), string(scan.Queued), string(scan.Processing), string(scan.Completed),
	string(scan.Failed), string(scan.Expired),
}

// listQuery adds the query parameters of filterParams.
var listQuery = httpapi.Query("state", "rankable", "from", "to", "order")

func filterParams(r *http.Request) (f scan.Filter, err error) {
	if f.State, err = httpapi.EnumParam(r, "state", listStates...); err != nil {
		return f, err
	}
	if f.Rankable, err = httpapi.EnumParam(r, "rankable", "", "true", "false"); err != nil {
		return f, err
	}
	if f.From, err = httpapi.TimeParam(r, "from"); err != nil {
		return f, err
	}
	if f.To, err = httpapi.TimeParam(r, "to"); err != nil {
		return f, err
	}
	if f.From != nil && f.To != nil && !f.From.Before(*f.To) {
		return f, fault.New(fault.CodeInvalidParameter, "The end of the period is not after its start.").
			WithParameter(fault.InQuery, "to", "must be after from")
	}
	order, err := httpapi.EnumParam(r, "order", "newest", "oldest")
	f.Direction = firestore.Desc
	if order == "oldest" {
		f.Direction = firestore.Asc
	}
	return f, err
}
