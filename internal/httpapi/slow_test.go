package httpapi_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// impatient is a server whose bodies must arrive at once. Its routes report how the request's
// context ended.
func impatient(t *testing.T, ended chan<- error) net.Conn {
	t.Helper()
	const patience = 50 * time.Millisecond
	api := httpapi.New(httpapi.Options{BodyTimeout: patience})
	api.Handle("POST /pets", httpapi.Public, func(w http.ResponseWriter, r *http.Request) error {
		_, err := httpapi.Decode[struct{}](w, r)
		if err == nil {
			// Work that takes longer than a body may.
			select {
			case <-r.Context().Done():
			case <-time.After(3 * patience):
			}
		}
		ended <- r.Context().Err()
		return err
	}, httpapi.JSON)
	api.Handle("POST /photos", httpapi.Public, func(w http.ResponseWriter, r *http.Request) error {
		httpapi.BodyWithin(w, time.Minute)
		_, err := io.Copy(io.Discard, r.Body)
		ended <- err
		return err
	}, httpapi.JSON)
	api.Handle(
		"POST /nods", httpapi.Public, func(http.ResponseWriter, *http.Request) error { ended <- nil; return nil },
		httpapi.JSON,
	)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil { // for the case that no answer comes
		t.Fatal(err)
	}
	return conn
}

func begin(t *testing.T, conn io.Writer, path string, length int, body string) {
	t.Helper()
	_, err := fmt.Fprintf(conn,
		"POST %s HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
		path, length, body)
	if err != nil {
		t.Fatal(err)
	}
}

func answer(t *testing.T, conn io.Reader) (*http.Response, string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(body)
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	t.Run("a body that never ends is refused", func(t *testing.T) {
		t.Parallel()
		ended := make(chan error, 1)
		conn := impatient(t, ended)
		begin(t, conn, "/pets", 100, `{`)
		resp, body := answer(t, conn)
		var p httpapi.Problem
		if err := json.Unmarshal([]byte(body), &p); err != nil || p.Code != fault.CodeMalformedBody || !resp.Close {
			t.Errorf("%s, close %v: %s", resp.Status, resp.Close, body)
		}
	})
	t.Run("nor does one that nobody reads hold the connection", func(t *testing.T) {
		t.Parallel()
		conn := impatient(t, make(chan error, 1))
		begin(t, conn, "/nods", 100, `{`)
		if resp, body := answer(t, conn); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", resp.Status, body)
		}
		if n, err := conn.Read(make([]byte, 1)); err == nil {
			t.Errorf("the connection goes on: %d", n)
		}
	})
	t.Run("what is done with a body may take longer than the body", func(t *testing.T) {
		t.Parallel()
		ended := make(chan error, 1)
		conn := impatient(t, ended)
		begin(t, conn, "/pets", 2, `{}`)
		if resp, body := answer(t, conn); resp.StatusCode != http.StatusOK {
			t.Errorf("%s: %s", resp.Status, body)
		}
		if err := <-ended; err != nil {
			t.Errorf("the request's context: %v", err)
		}
	})
	t.Run("a handler may grant more", func(t *testing.T) {
		t.Parallel()
		ended := make(chan error, 1)
		conn := impatient(t, ended)
		begin(t, conn, "/photos", 4, "")
		for _, part := range strings.Split("slow", "") {
			time.Sleep(30 * time.Millisecond) // a phone on a bad line; together longer than the API's own patience
			if _, err := io.WriteString(conn, part); err != nil {
				t.Fatal(err)
			}
		}
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	t.Run("a client that leaves in the middle is no fault of ours", func(t *testing.T) {
		t.Parallel()
		ended := make(chan error, 1)
		conn := impatient(t, ended)
		begin(t, conn, "/pets", 100, `{"na`)
		if err := conn.Close(); err != nil {
			t.Fatal(err)
		}
		<-ended
	})
}
