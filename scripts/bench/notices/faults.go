package main

import (
	"math/rand/v2"
	"net/http"

	"github.com/facescan/facescan/internal/local/emulator"
)

// pushFaults are FCM's answers to a call that fails for a time. None of them takes the push, so no
// device gets one twice. 30 s are longer than the wait before the first redelivery, which then
// comes too early.
var pushFaults = []emulator.PushAnswer{
	{Status: http.StatusServiceUnavailable, Code: "UNAVAILABLE"},
	{Status: http.StatusServiceUnavailable, Code: "UNAVAILABLE", RetryAfter: "5"},
	{Status: http.StatusTooManyRequests, Code: "QUOTA_EXCEEDED", RetryAfter: "1"},
	{Status: http.StatusTooManyRequests, Code: "QUOTA_EXCEEDED", RetryAfter: "30"},
	{Break: emulator.BreakUntaken},
}

// mailFaults are those of a mail server. None takes the mail.
var mailFaults = []emulator.MailAnswer{
	{At: emulator.Recipient, Code: 451, Enhanced: [3]int{4, 7, 1}},
	{At: emulator.Content, Code: 451, Enhanced: [3]int{4, 3, 0}},
	{At: emulator.Recipient, Drop: true},
	{At: emulator.Content, Drop: true},
}

// script returns the answers to the calls for one recipient: good ones, before each of which there
// are faults so that of all calls the share fails. injected is the number of the faults.
func script[A any](random *rand.Rand, good int, share float64, success A, faults []A) (answers []A, injected int) {
	for range good {
		for random.Float64() < share {
			answers = append(answers, faults[random.IntN(len(faults))])
			injected++
		}
		answers = append(answers, success)
	}
	return answers, injected
}
