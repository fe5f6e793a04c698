package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/facescan/facescan/internal/local/emulator"
)

// outage is a fault that was caused.
type outage struct {
	What  string    `json:"what"`
	Began time.Time `json:"began"`
	Ended time.Time `json:"ended"`
}

// fault causes what the options say. It mends it before it returns, also when ctx ends.
func (w *world) fault(ctx context.Context, o options) ([]outage, error) {
	var all []outage
	var faults []error
	if o.kill {
		pid := w.PID()
		k := outage{What: "the functions' process is killed", Began: time.Now()}
		if err := send(pid, syscall.SIGKILL); err != nil {
			return nil, fmt.Errorf("kill the functions' process %d: %w", pid, err)
		}
		for ctx.Err() == nil && (w.PID() == 0 || w.PID() == pid) {
			time.Sleep(10 * time.Millisecond) // there is nothing to wait on
		}
		k.Ended = time.Now()
		all = append(all, k)
	}
	if len(o.away) == 0 {
		return all, nil
	}
	a := outage{What: awayText(o), Began: time.Now()}
	for _, service := range o.away {
		faults = append(faults, w.take(service))
	}
	select {
	case <-ctx.Done():
	case <-time.After(o.lasting):
	}
	for _, service := range o.away {
		faults = append(faults, w.bring(context.WithoutCancel(ctx), service))
	}
	a.Ended = time.Now()
	return append(all, a), errors.Join(faults...)
}

func awayText(o options) string {
	names := make([]string, len(o.away))
	for i, service := range o.away {
		names[i] = string(service)
	}
	how := "stands still"
	if o.refuse {
		how = "refuses connections"
	}
	return strings.Join(names, " and ") + " " + how
}

// take has the service away.
func (w *world) take(service emulator.Service) error {
	if g := w.gates[service]; g != nil {
		g.shut()
		return nil
	}
	return send(w.stack.PID(service), syscall.SIGSTOP)
}

// bring has it back.
func (w *world) bring(ctx context.Context, service emulator.Service) error {
	if g := w.gates[service]; g != nil {
		return g.unlock(ctx)
	}
	return send(w.stack.PID(service), syscall.SIGCONT)
}

// send sends the signal to a process that is known: 0 and less would be others.
func send(pid int, s syscall.Signal) error {
	if pid <= 0 {
		return errors.New("there is no such process at the moment")
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return fmt.Errorf("find process %d: %w", pid, err)
	}
	return p.Signal(s)
}
