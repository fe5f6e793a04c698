package emulator

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fsouza/fake-gcs-server/fakestorage"
	"google.golang.org/api/option"
)

const (
	// storageAccount is the service account in whose name the local key signs URLs.
	storageAccount = "signer@demo-facescan.iam.gserviceaccount.com"
	keyBits        = 2048
)

// StorageOptions sets up NewStorage. The zero value is good for most tests.
type StorageOptions struct {
	Port       int                // to listen on, 0 is a free one
	Further    []string           // addresses to listen at beside 127.0.0.1, for signed URLs only
	PubSubHost string             // where notifications go, "host:port"; "" is $PUBSUB_EMULATOR_HOST
	Published  func(topic string) // is told the full name of the topic of each notification, or nil
	Now        func() time.Time   // the clock by which signed URLs expire and objects are dated; nil is time.Now
	Log        *slog.Logger       // reports notifications that could not be published; nil is slog.Default
	// OnDisk keeps the objects in files, for hundreds of photos, and not in memory. There
	// fake-gcs-server gives an object another generation when its metadata change.
	OnDisk bool
	// Root is the folder for the files, and what is in ObjectsIn(Root) is there from the beginning. ""
	// is a new one among the temporary ones. Either is removed by Close.
	Root string
}

// ObjectsIn returns where the objects are in a folder that is a storage's Root.
func ObjectsIn(root string) string { return filepath.Join(root, "objects") }

// Storage is Cloud Storage in this process. fake-gcs-server keeps the objects; in front of it is a
// handler that is as strict as production where fake-gcs-server is not:
//
//   - Buckets are private: the XML API takes signed URLs only (V4, RSA, by the key of
//     SigningKeyPEM), and checks signature, expiry, signed headers, x-goog-content-length-range and
//     x-goog-if-generation-match.
//   - Who is not on this machine, or asks by another name for it, has signed URLs only.
//   - ifGenerationMatch holds for reading, deleting and updating too.
//   - Web pages of other origins reach a bucket only by the rules that Admit gave it.
//   - Notification configs publish OBJECT_FINALIZE to Pub/Sub for every way an object is written.
//
// Google's client library reaches it through STORAGE_EMULATOR_HOST, or through ClientOptions.
// Signing takes SignedURLOptions with GoogleAccessID = Account(), PrivateKey = SigningKeyPEM() and,
// as this server speaks plain HTTP, Insecure = true.
type Storage struct {
	fake   *fakestorage.Server
	key    *rsa.PrivateKey
	keyPEM []byte
	now    func() time.Time
	notify *notifier
	server *localServer
	beside *localServer // or nil
	disk   *disk
	rules  sync.Map // of the buckets that web pages reach, by name: *cors.Cors
	detach func() bool
	close  func() error
}

// signingKey makes the key by which URLs are signed, once a process: it takes much longer than the
// rest of the start.
var signingKey = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, keyBits) })

// NewStorage starts a Storage that listens until Close is called or ctx ends.
func NewStorage(ctx context.Context, opts StorageOptions) (*Storage, error) {
	opts = opts.withDefaults()
	key, err := signingKey()
	if err != nil {
		return nil, fmt.Errorf("make the signing key of the local Cloud Storage: %w", err)
	}
	server, err := listen(ctx, "local Cloud Storage", opts.Port, opts.Further...)
	if err != nil {
		return nil, err
	}
	disk, err := newDisk(opts.Root)
	if err != nil {
		server.abandon()
		return nil, err
	}
	fake, err := fakestorage.NewServerWithOptions(fakestorage.Options{
		NoListener:  true,
		StorageRoot: disk.objects(opts.OnDisk),
		Scheme:      "http",
		PublicHost:  server.host,
		ExternalURL: "http://" + server.host,
	})
	if err != nil {
		server.abandon()
		return nil, errors.Join(fmt.Errorf("start the local Cloud Storage: %w", err), disk.remove())
	}
	s := &Storage{
		fake:   fake,
		key:    key,
		keyPEM: encodeKey(key),
		now:    opts.Now,
		server: server,
		disk:   disk,
		notify: newNotifier(opts.PubSubHost, opts.Published, opts.Log),
	}
	s.close = sync.OnceValue(s.shutdown)
	server.serve(s.handler())
	s.detach = context.AfterFunc(ctx, func() { _ = s.close() })
	return s, nil
}

func (o StorageOptions) withDefaults() StorageOptions {
	if o.PubSubHost == "" {
		o.PubSubHost = os.Getenv(PubSub.Env())
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	return o
}

func encodeKey(key *rsa.PrivateKey) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)})
}

// Beside serves the storage at one more port, behind what wrap makes of it, and returns its
// host:port. It is called once, before anybody asks for the port.
func (s *Storage) Beside(ctx context.Context, wrap func(http.Handler) http.Handler) (_ string, err error) {
	if s.beside, err = listen(ctx, "local Cloud Storage", 0); err != nil {
		return "", err
	}
	s.beside.serve(wrap(s.handler()))
	return s.beside.host, nil
}

// Host returns the address, as "127.0.0.1:port".
func (s *Storage) Host() string { return s.server.host }

// Account returns the e-mail of the service account that owns the signing key.
func (s *Storage) Account() string { return storageAccount }

// SigningKeyPEM returns the RSA private key, PKCS #1 in PEM, whose V4 signatures the server
// accepts. Each Storage has one of its own.
func (s *Storage) SigningKeyPEM() []byte { return s.keyPEM }

// Environ returns the variable by which Google's client library finds this server.
func (s *Storage) Environ() map[string]string {
	return map[string]string{"STORAGE_EMULATOR_HOST": s.server.host}
}

// ClientOptions connects a client to this server without the environment, for tests that run in
// parallel with a Storage each. STORAGE_EMULATOR_HOST, where it is set, wins over them when URLs
// are signed.
func (s *Storage) ClientOptions() []option.ClientOption {
	return []option.ClientOption{
		option.WithEndpoint("http://" + s.server.host + "/storage/v1/"),
		option.WithoutAuthentication(),
	}
}

// CreateBucket makes a bucket, with the notification configs given. A bucket that exists keeps its
// objects and gets the notifications in addition.
func (s *Storage) CreateBucket(name string, notifications ...Notification) error {
	s.fake.CreateBucketWithOpts(fakestorage.CreateBucketOpts{Name: name})
	for _, n := range notifications {
		if _, err := s.notify.insert(name, n.config()); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	return nil
}

// Close stops the server, after the requests and notifications under way, and removes the objects.
// It may be called more than once.
func (s *Storage) Close() error {
	s.detach()
	return s.close()
}

func (s *Storage) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	var err error
	if s.beside != nil {
		err = s.beside.close(ctx)
	}
	err = errors.Join(err, s.server.close(ctx), s.notify.close(ctx))
	s.fake.Stop()
	return errors.Join(err, s.disk.remove())
}

// handler sends each request to the API it belongs to, as storage.googleapis.com does.
func (s *Storage) handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		path := r.URL.EscapedPath()
		switch {
		case isJSONPath(path) && (fromAfar(r) || !isFor(thisMachine, r)):
			writeJSONError(w, http.StatusForbidden, "forbidden", "Here are signed URLs only.")
		case isJSONPath(path):
			s.serveJSON(w, r)
		case strings.HasPrefix(path, "/_internal/"): // fake-gcs-server's own, which production has not
			writeXMLError(w, errNoSuchBucket)
		default:
			s.serveXML(w, r)
		}
	})
}

// isJSONPath reports whether a path belongs to the JSON API rather than to the XML API.
func isJSONPath(path string) bool {
	for _, prefix := range []string{"/storage/v1/", "/upload/", "/download/storage/v1/", "/batch/storage/v1"} {
		if strings.HasPrefix(path, prefix) {
			return true
		}
	}
	return false
}
