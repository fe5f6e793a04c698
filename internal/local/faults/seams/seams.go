// Package seams puts the faults of package faults before the services that functions ask: before
// Firestore and Pub/Sub, which speak gRPC, and before the JSON API of Cloud Storage.
package seams

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"path"
	"slices"
	"strings"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/rpc"
)

// onPurpose is what a refusal says, and unheard what a lost answer does.
const (
	onPurpose = "a fault on purpose"
	unheard   = "a fault on purpose: the answer is lost"
)

// Firestore returns next, a front of Firestore, behind the faults of [faults.Firestore]. A rollback
// is refused only while Firestore is away: the emulator would keep what it has locked. What comes
// by HTTP/1.1 is REST.
func Firestore(i *faults.Injector, next http.Handler) http.Handler {
	rest := overHTTP(i, faults.Firestore, next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ProtoMajor < 2 {
			rest.ServeHTTP(w, r)
			return
		}
		message, err := rpc.FirstMessage(r)
		if err != nil {
			rpc.Refuse(w, codes.Unavailable, err.Error())
			return
		}
		method := path.Base(r.URL.Path)
		f := i.Draw(faults.Firestore, method+"\x00"+asked(method, message))
		switch {
		case !faults.Wait(r.Context(), f.Slow):
		case method == "Rollback" && f.Refused != faults.Away:
			next.ServeHTTP(w, r)
		case f.Refused == faults.Fail && f.Aborted && method == "Commit":
			rpc.Refuse(w, codes.Aborted, onPurpose)
		case f.Refused != "":
			rpc.Refuse(w, codes.Unavailable, onPurpose)
		case method == "Listen":
			listen(w, r, f, next)
		case f.Drop || f.Kill != nil:
			lose(w, r, f, next)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// listen passes a listener on, and breaks it off or kills the process if that is its fate.
func listen(w http.ResponseWriter, r *http.Request, f faults.Fate, next http.Handler) {
	if f.Drop || f.Kill != nil {
		ctx, cancel := context.WithTimeout(r.Context(), f.ListenFor)
		defer cancel()
		r = r.WithContext(ctx)
	}
	if f.Kill != nil {
		defer f.Kill()
	}
	next.ServeHTTP(w, r)
}

// lose has a call done, and its answer lost or never heard.
func lose(w http.ResponseWriter, r *http.Request, f faults.Fate, next http.Handler) {
	next.ServeHTTP(faults.Lost(), r)
	if f.Kill != nil {
		f.Kill()
	}
	rpc.Refuse(w, codes.Unavailable, unheard)
}

// asked returns the names of what a call of Firestore is about.
func asked(method string, message []byte) string {
	switch method {
	case "BatchGetDocuments":
		var in firestorepb.BatchGetDocumentsRequest
		_ = proto.Unmarshal(message, &in) // Firestore refuses what is none
		return sorted(in.GetDocuments())
	case "Commit":
		var in firestorepb.CommitRequest
		_ = proto.Unmarshal(message, &in)
		return written(in.GetWrites())
	case "BatchWrite":
		var in firestorepb.BatchWriteRequest
		_ = proto.Unmarshal(message, &in)
		return written(in.GetWrites())
	case "RunQuery":
		var in firestorepb.RunQueryRequest
		_ = proto.Unmarshal(message, &in)
		return queried(in.GetParent(), in.GetStructuredQuery())
	case "RunAggregationQuery":
		var in firestorepb.RunAggregationQueryRequest
		_ = proto.Unmarshal(message, &in)
		return queried(in.GetParent(), in.GetStructuredAggregationQuery().GetStructuredQuery())
	case "Listen":
		var in firestorepb.ListenRequest
		_ = proto.Unmarshal(message, &in)
		of, query := in.GetAddTarget(), in.GetAddTarget().GetQuery()
		return sorted(of.GetDocuments().GetDocuments()) + queried(query.GetParent(), query.GetStructuredQuery())
	}
	return ""
}

func sorted(names []string) string { return strings.Join(slices.Sorted(slices.Values(names)), "\x00") }

func written(writes []*firestorepb.Write) string {
	var names []string
	for _, w := range writes {
		names = append(names, w.GetUpdate().GetName()+w.GetDelete()+w.GetTransform().GetDocument())
	}
	return sorted(names)
}

func queried(parent string, q *firestorepb.StructuredQuery) string {
	for _, from := range q.GetFrom() {
		parent += "\x00" + from.GetCollectionId()
	}
	return parent
}

// PubSub returns next, a front of Pub/Sub, behind the faults of [faults.PubSub]. They are those of
// publishing; of other calls it knows only that Pub/Sub is away.
func PubSub(i *faults.Injector, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		method := path.Base(r.URL.Path)
		if method != "Publish" {
			if f := i.Draw(faults.PubSub, method); f.Refused == faults.Away {
				rpc.Refuse(w, codes.Unavailable, onPurpose)
				return
			}
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 2*rpc.MaxMessageBytes))
		if err != nil {
			rpc.Refuse(w, codes.Unavailable, err.Error())
			return
		}
		publish(i, w, again(r, body), next)
	})
}

// publish passes a call to publish on, whose body can be read again.
func publish(i *faults.Injector, w http.ResponseWriter, call func() *http.Request, next http.Handler) {
	first := call()
	message, err := rpc.FirstMessage(first)
	if err != nil {
		rpc.Refuse(w, codes.Unavailable, err.Error())
		return
	}
	f := i.Draw(faults.PubSub, "Publish\x00"+published(message))
	switch {
	case !faults.Wait(first.Context(), f.Slow):
		return
	case f.Refused != "":
		rpc.Refuse(w, codes.Unavailable, onPurpose)
		return
	case f.Dup:
		next.ServeHTTP(faults.Lost(), call())
	}
	if f.Drop || f.Kill != nil {
		lose(w, first, f, next)
		return
	}
	next.ServeHTTP(w, first)
}

// published returns the topic and the ids of the events of a call to publish.
func published(message []byte) string {
	var in pubsubpb.PublishRequest
	_ = proto.Unmarshal(message, &in) // Pub/Sub refuses what is none
	key := in.GetTopic()
	for _, m := range in.GetMessages() {
		key += "\x00" + m.GetAttributes()["id"]
	}
	return key
}

// again returns what makes the request anew, with the body that was read.
func again(r *http.Request, body []byte) func() *http.Request {
	return func() *http.Request {
		c := r.Clone(r.Context())
		c.Body = io.NopCloser(bytes.NewReader(body))
		return c
	}
}

// Storage returns next, the JSON API of Cloud Storage, behind the faults of [faults.Storage].
func Storage(i *faults.Injector, next http.Handler) http.Handler {
	return overHTTP(i, faults.Storage, next)
}

// overHTTP returns next behind the faults of a seam. An answer is lost by breaking the connection.
func overHTTP(i *faults.Injector, seam faults.Seam, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.URL.Query()
		f := i.Draw(seam, strings.Join(
			[]string{r.Method, r.URL.EscapedPath(), query.Get("name"), query.Get("prefix")}, "\x00",
		))
		switch {
		case !faults.Wait(r.Context(), f.Slow):
		case f.Refused != "":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, `{"error":{"code":503,"message":"`+onPurpose+`"}}`)
		case f.Drop || f.Kill != nil:
			next.ServeHTTP(faults.Lost(), r)
			if f.Kill != nil {
				f.Kill()
			}
			panic(http.ErrAbortHandler)
		default:
			next.ServeHTTP(w, r)
		}
	})
}
