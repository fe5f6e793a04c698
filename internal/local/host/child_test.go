package host

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/address"
)

// fronted is a stub behind the front, by its URL.
func fronted(t *testing.T, name string) (*child, string) {
	t.Helper()
	c := startChild(stubCommand(name), io.Discard, io.Discard, func(string) {})
	t.Cleanup(c.close)
	s, err := listen(t.Context(), 0, address.Loopback)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.close() })
	s.serve(front([]*child{c}, func(a addresses) string { return a.Public }))
	return c, s.url(address.Loopback)
}

func send(t *testing.T, req *http.Request) (*http.Response, []byte) {
	t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

func request(t *testing.T, method, target string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	return req
}

// told asks the stub how the request came.
func told(t *testing.T, req *http.Request) seen {
	t.Helper()
	resp, body := send(t, req)
	var got seen
	if err := json.Unmarshal(body, &got); err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d %s", resp.StatusCode, body)
	}
	return got
}

// raw sends the lines of a request as they are.
func raw(t *testing.T, base, request string) seen {
	t.Helper()
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", strings.TrimPrefix(base, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, request+"\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var got seen
	if err := json.NewDecoder(resp.Body).Decode(&got); err != nil {
		t.Fatalf("%s: %v", resp.Status, err)
	}
	return got
}

func TestFront_passesRequestsOnAsTheyCame(t *testing.T) {
	t.Parallel()
	_, base := fronted(t, "serves")
	for name, tt := range map[string]struct {
		request, uri, forwarded string
	}{
		"a path":                     {"GET /v1/me", "/v1/me", "127.0.0.1,127.0.0.1"},
		"a path to be cleaned":       {"GET //a/../b", "//a/../b", "127.0.0.1,127.0.0.1"},
		"an escaped slash":           {"GET /a%2Fb", "/a%2Fb", "127.0.0.1,127.0.0.1"},
		"a query that is none":       {"GET /?a=%zz&b=;", "/?a=%zz&b=;", "127.0.0.1,127.0.0.1"},
		"all options":                {"OPTIONS *", "*", "127.0.0.1,127.0.0.1"},
		"a client with a forged hop": {"GET / X-Forwarded-For:1.2.3.4", "/", "1.2.3.4,127.0.0.1,127.0.0.1"},
		"a client with forged hops":  {"GET / X-Forwarded-For:1.2.3.4,5.6.7.8", "/", "1.2.3.4,5.6.7.8,127.0.0.1,127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			line, header, _ := strings.Cut(tt.request, " X-")
			text := line + " HTTP/1.1\r\nHost: phone.example:8080"
			if header != "" {
				text += "\r\nX-" + header
			}
			got := raw(t, base, text)
			want := seen{
				PID: got.PID, RequestURI: tt.uri, Host: "phone.example:8080",
				Header: http.Header{"X-Forwarded-For": {tt.forwarded}},
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("the request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestBalanced_tellsTheClientItself(t *testing.T) {
	t.Parallel()
	var got []string
	handler := balanced(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		got = r.Header.Values(httpapi.HeaderClient)
	}))
	for peer, want := range map[string]string{"198.51.100.7:4711": "198.51.100.7", "pipe": ""} {
		r := request(t, http.MethodGet, "/")
		r.RemoteAddr = peer
		r.Header.Add(httpapi.HeaderClient, "1.1.1.1")
		r.Header.Add(httpapi.HeaderClient, "2.2.2.2")
		handler.ServeHTTP(nil, r)
		if diff := cmp.Diff([]string{want}, got); diff != "" {
			t.Errorf("from %s (-want +got):\n%s", peer, diff)
		}
	}
}

// A request whose process ends hears of it as from Google's front end; the next waits for the next
// process.
func TestFront_whileTheProcessEnds(t *testing.T) {
	t.Parallel()
	c, base := fronted(t, "serves")
	first := told(t, request(t, http.MethodGet, base+"/"))
	if first.PID != c.pid() {
		t.Errorf("process %d answered, %d serves", first.PID, c.pid())
	}
	for range 3 {
		resp, body := send(t, request(t, http.MethodPost, base+"/end"))
		var p httpapi.Problem
		if err := json.Unmarshal(body, &p); err != nil || resp.StatusCode != http.StatusServiceUnavailable {
			t.Fatalf("%d %s", resp.StatusCode, body)
		}
		if p.Code != fault.CodeUnavailable || resp.Header.Get("Retry-After") != "1" || p.RequestID == "" {
			t.Errorf("problem %+v, header %v", p, resp.Header)
		}
		next := told(t, request(t, http.MethodGet, base+"/"))
		if next.PID == first.PID {
			t.Fatal("the process that ended answers")
		}
		first = next
	}
}

// Requests go to each of two processes in turn, and to the other one while one ends.
func TestFront_beforeTwoProcesses(t *testing.T) {
	t.Parallel()
	first, base := fronted(t, "serves")
	second := startChild(stubCommand("serves"), io.Discard, io.Discard, func(string) {})
	t.Cleanup(second.close)
	if err := second.awaitFirst(t.Context()); err != nil {
		t.Fatal(err)
	}
	told(t, request(t, http.MethodGet, base+"/")) // so the first serves
	to := &toChild{children: []*child{first, second}}
	for range 2 {
		if a, b := to.choose(), to.choose(); a == b {
			t.Error("one process gets two requests in turn")
		}
	}
	first.set(nil)
	for range 2 {
		if to.choose() != second {
			t.Error("a process that has ended gets a request")
		}
	}
}

func TestChild_thatCannotStart(t *testing.T) {
	t.Parallel()
	c := startChild(stubCommand("fails"), io.Discard, io.Discard, func(string) {})
	defer c.close()
	select {
	case err := <-c.failed:
		if !strings.Contains(err.Error(), "exit status 3") || !strings.Contains(err.Error(), "fatal error: it fails") ||
			strings.Contains(err.Error(), "a line of the log") {
			t.Errorf("the cause is told as: %v", err)
		}
	case <-time.After(patience):
		t.Fatal("nothing is told")
	}
	if err := c.awaitFirst(t.Context()); err == nil {
		t.Error("a process that could not start is waited for")
	}
}

func TestChild_endsWithClose(t *testing.T) {
	t.Parallel()
	c := startChild(stubCommand("serves"), io.Discard, io.Discard, func(string) {})
	serving, err := c.await(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	c.close()
	wantNobodyAt(t, serving.Public)
}

func TestChild_endsWithItsParent(t *testing.T) {
	t.Parallel()
	parent, err := stubCommand("parent")(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	var killed *exec.ExitError
	if err := parent.Wait(); !errors.As(err, &killed) {
		t.Errorf("the parent ended by %v", err)
	}
	wantNobodyAt(t, strings.TrimSpace(address))
}

// wantNobodyAt waits until the address takes no connections.
func wantNobodyAt(t *testing.T, address string) {
	t.Helper()
	_, err := client.Poll(t.Context(), func() (struct{}, bool, error) {
		conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address)
		if err == nil {
			_ = conn.Close()
		}
		return struct{}{}, err != nil, nil
	})
	if err != nil {
		t.Errorf("%s still serves: %v", address, err)
	}
}

func TestFirstWords(t *testing.T) {
	t.Parallel()
	crash := strings.Repeat("x", maxWords) + "\n"
	for name, tt := range map[string]struct {
		writes []string
		want   string
	}{
		"log lines are none":          {[]string{"{\"a\":1}\n", "{\"b\"", ":2}\n"}, ""},
		"a crash between log lines":   {[]string{"{\"a\":1}\npan", "ic: x\n{\"b\":2}\n"}, "panic: x"},
		"the beginning of a long one": {[]string{"fatal\n", crash, "the end\n"}, "fatal\n" + strings.TrimSpace(crash)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &firstWords{}
			for _, text := range tt.writes {
				if _, err := io.WriteString(w, text); err != nil {
					t.Fatal(err)
				}
			}
			if got := w.String(); got != tt.want {
				t.Errorf("kept %q, want %q", got, tt.want)
			}
		})
	}
}
