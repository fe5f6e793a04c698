package signin

import "time"

// AnswerResetsAfter sets when a request for a reset is answered.
func (h *Handler) AnswerResetsAfter(d time.Duration) { h.resetTakes = d }
