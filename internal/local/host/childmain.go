package host

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/local/address"
)

// childVariable is set in the environment of the functions' process, whose configuration is the
// environment too.
const childVariable = "FACESCAN_LOCAL_CHILD"

// addresses are where the functions' process listens, host:port: its first line on standard output.
type addresses struct {
	Public string `json:"public"`
	Events string `json:"events"`
}

// ServeFunctions serves the functions and does not return, in a process that Start made for them.
// In any other it returns at once. A program that calls Start calls it first.
func ServeFunctions() {
	if os.Getenv(childVariable) == "" {
		return
	}
	endWith(os.Stdin)
	fmt.Fprintln(os.Stderr, "serve the functions:", serveFunctions())
	os.Exit(1)
}

// endWith ends this process when the parent does: the kernel then closes the parent's end of the
// pipe, on every system and however the parent ended. Ctrl-C is the parent's to act on; the
// terminal sends it to both.
func endWith(parent io.Reader) {
	signal.Ignore(os.Interrupt)
	go func() {
		_, _ = io.Copy(io.Discard, parent)
		os.Exit(0)
	}()
}

func serveFunctions() error {
	ctx := context.Background()
	process, err := ownProcess(os.Stderr)
	if err != nil {
		return err
	}
	process.Config.StorageHost = cmp.Or(os.Getenv(storageVariable), process.Config.StorageHost)
	err = bus.Wrap(process, telling(func(topic string) { _, _ = fmt.Fprintln(os.Stdout, topic) }))
	if err != nil {
		return err
	}
	found, err := handlers(nil)
	if err != nil {
		return err
	}
	events, err := listen(ctx, 0, address.Loopback)
	if err != nil {
		return err
	}
	events.serve(eventRoutes(found))
	public, err := listen(ctx, 0, address.Loopback)
	if err != nil {
		return err
	}
	public.serve(publicRoutes(found))
	if err := json.NewEncoder(os.Stdout).Encode(
		addresses{Public: public.address(), Events: events.address()},
	); err != nil {
		return fmt.Errorf("tell the parent the addresses: %w", err)
	}
	public.served.Wait()
	return errors.New("the port is closed")
}
