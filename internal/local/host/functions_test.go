package host

import "testing"

// A function that takes other topics than its row says would get events that it parks, or none.
func TestHandlers_areWhatTheCatalogSays(t *testing.T) {
	t.Parallel()
	if _, err := handlers(nil); err != nil {
		t.Error(err)
	}
}
