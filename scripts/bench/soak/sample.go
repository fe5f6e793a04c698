package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"runtime/pprof"
	"time"

	"github.com/prometheus/procfs"
)

// meterVariable names the socket on which the functions' process, which is this program again,
// tells what only it knows of itself.
const meterVariable = "FACESCAN_SOAK_METER"

// inside is what the process tells of itself.
type inside struct {
	Heap       uint64 `json:"heap"` // bytes that the last collection found in use
	Goroutines uint64 `json:"goroutines"`
}

// serveMeter tells of the process on the socket until it ends.
func serveMeter(socket string) {
	_ = os.Remove(socket) // of a process before this one, whose end its parent notices
	listener, err := new(net.ListenConfig).Listen(context.Background(), "unix", socket)
	if err == nil {
		s := &http.Server{Handler: meter(), ReadHeaderTimeout: time.Second}
		err = s.Serve(listener)
	}
	fmt.Fprintln(os.Stderr, "meter:", err)
}

func meter() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /rest", func(w http.ResponseWriter, _ *http.Request) {
		runtime.GC()         // what pools hold is free after a second collection
		debug.FreeOSMemory() // which collects once more
		samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/sched/goroutines:goroutines"}}
		metrics.Read(samples)
		// A caller who is gone has ended.
		_ = json.NewEncoder(w).Encode(inside{Heap: samples[0].Value.Uint64(), Goroutines: samples[1].Value.Uint64()})
	})
	mux.HandleFunc("GET /heap", func(w http.ResponseWriter, _ *http.Request) {
		_ = pprof.Lookup("heap").WriteTo(w, 0) // as above
	})
	return mux
}

// errReplaced is returned when the functions' process is not the one that was measured before.
var errReplaced = errors.New("the functions' process ended and was started again")

// names are the measured quantities, in the order of the tables.
var names = []string{"RSS, bytes", "live heap, bytes", "goroutines", "descriptors"}

// sampler measures a process.
type sampler struct {
	pid    int
	socket string
	client *http.Client
	from   time.Time
	of     map[string][]point
}

func newSampler(socket string) *sampler {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", socket)
	}
	return &sampler{
		socket: socket, client: &http.Client{Transport: &http.Transport{DialContext: dial}}, from: time.Now(),
		of: map[string][]point{},
	}
}

// ask asks the process, and has read read the answer.
func (s *sampler) ask(ctx context.Context, path string, read func(io.Reader) error) (err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://meter"+path, http.NoBody)
	if err != nil {
		return fmt.Errorf("ask the process: %w", err)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("ask the process: %w", err)
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	if err := read(resp.Body); err != nil {
		return fmt.Errorf("read what the process tells of itself: %w", err)
	}
	return nil
}

// rest has the process collect its garbage, and returns what it tells of itself then.
func (s *sampler) rest(ctx context.Context) (in inside, err error) {
	err = s.ask(ctx, "/rest", func(r io.Reader) error { return json.NewDecoder(r).Decode(&in) })
	return in, err
}

// sample adds the values of now.
func (s *sampler) sample(ctx context.Context) error {
	in, err := s.rest(ctx)
	if err != nil {
		return err
	}
	p, err := procfs.NewProc(s.pid)
	if err != nil {
		return fmt.Errorf("%w: %w", errReplaced, err)
	}
	stat, err := p.Stat()
	if err != nil {
		return fmt.Errorf("read the process's memory: %w", err)
	}
	open, err := p.FileDescriptorsLen()
	if err != nil {
		return fmt.Errorf("count the process's descriptors: %w", err)
	}
	at := time.Since(s.from).Hours()
	for i, value := range []float64{
		float64(stat.ResidentMemory()), float64(in.Heap), float64(in.Goroutines), float64(open),
	} {
		s.of[names[i]] = append(s.of[names[i]], point{at, value})
	}
	return nil
}

// profile writes the profile of the heap to the folder, unless that is "".
func (s *sampler) profile(ctx context.Context, dir, name string) error {
	if dir == "" {
		return nil
	}
	return s.ask(ctx, "/heap", func(r io.Reader) (err error) {
		f, err := os.Create(filepath.Join(filepath.Clean(dir), name))
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		_, err = f.ReadFrom(r)
		return err
	})
}
