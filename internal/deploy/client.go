package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/netip"

	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/httpapi/health"
)

// checkClient tries what only a deployment can show: that the load balancer tells the functions the
// client's address and no client can, and that there is no way around it.
func (c *cloud) checkClient(ctx context.Context) (string, error) {
	if c.dry {
		return "", doctor.Skip("in a dry run nothing serves the API")
	}
	number, err := c.surveyed().Number(ctx)
	if err != nil {
		return "", err
	}
	direct := fmt.Sprintf("https://%s-health-%s.%s.run.app", c.prefix(), number, c.region())
	return clientSeen(ctx, "https://"+c.variable("domain"), direct)
}

// claimed is an address that no client has: https://www.rfc-editor.org/rfc/rfc5737
const claimed = "192.0.2.1"

// clientSeen returns the address that /health takes this machine for. balancer and direct are the
// bases of the API and of the function itself.
func clientSeen(ctx context.Context, balancer, direct string) (string, error) {
	seen, err := askHealth(ctx, balancer, "")
	switch {
	case errors.Is(err, errNoAnswer):
		return "", doctor.Skip(balancer + " does not answer yet")
	case err != nil:
		return "", err
	}
	var faults []error
	if addr, err := netip.ParseAddr(seen); err != nil || !addr.IsGlobalUnicast() || addr.IsPrivate() {
		faults = append(faults, fmt.Errorf("the functions take this machine for %q, and all clients for one", seen))
	}
	switch again, err := askHealth(ctx, balancer, claimed); {
	case err != nil:
		return "", err
	case again == claimed:
		faults = append(faults, fmt.Errorf("a client that sends %s is who it says", httpapi.HeaderClient))
	case again == health.UnknownClient:
		faults = append(faults, fmt.Errorf("the balancer adds to the %s that a client sends", httpapi.HeaderClient))
	}
	if _, err := askHealth(ctx, direct, claimed); err == nil {
		faults = append(faults, doctor.Faulty(
			"ingress_settings = \"ALLOW_INTERNAL_AND_GCLB\" of every function: deploy again",
			"%s answers around the balancer", direct,
		))
	}
	return seen + ", by the balancer alone", errors.Join(faults...)
}

// errNoAnswer means that nothing answers as the API does.
var errNoAnswer = errors.New("no answer")

// askHealth returns the client's address by /health. The client claims another one, unless that is
// "".
func askHealth(ctx context.Context, base, claims string) (string, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, base+"/health", nil)
	if err != nil {
		return "", err
	}
	if claims != "" {
		req.Header.Set(httpapi.HeaderClient, claims)
		req.Header.Set("X-Forwarded-For", claims)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", errors.Join(errNoAnswer, err)
	}
	defer func() { _ = resp.Body.Close() }() // read to its end below
	var health struct {
		Client string `json:"client"`
	}
	if resp.StatusCode != http.StatusOK {
		return "", fmt.Errorf("%w: %s", errNoAnswer, resp.Status)
	}
	if err := json.NewDecoder(resp.Body).Decode(&health); err != nil {
		return "", fmt.Errorf("read the answer of /health: %w", err)
	}
	return health.Client, nil
}
