package build

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/export/archive"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/schema"
)

// readme is README.txt of every archive, without the texts of package schema about its files.
//
//go:embed README.txt
var readme string

// internals are the members of documents that are not about the user, by the archive's file; "" is
// for all files. A device's token would let its reader push to the phone.
var internals = map[string][]string{
	"":             {"schema"},
	"profile.json": {"acts", "folded", "notifications", "revision"},
	"audit.json":   {"actor", "subject", "object"},
	"devices.json": {"token", "tokenHash"},
	"friends.json": {"other"},
	"blocked.json": {"other"},
	"series.json":  {"request", "version"},
	"scans.json":   {"request", "declared", "content", "generation", "lease", "claims", "sweepAt", "version"},
}

// gatherer writes a user's data into an archive, always in the same order.
type gatherer struct {
	*Consumer
	*archive.Writer
	job  export.Job
	user *firestore.DocumentRef
	// link leads to the acts about the user, by the user's document, which is read first.
	link audit.Link
	// withdrawn is the last withdrawn consent epoch, 0 for none. What was made under it or earlier is
	// being deleted and not exported any more.
	withdrawn int64
}

// photo is a scan whose files are to be copied.
type photo struct {
	id scan.ID
	// generation is the generation of the measured photo, 0 if none was measured.
	generation int64
}

func (c *Consumer) gather(ctx context.Context, j export.Job, w io.Writer) error {
	g := &gatherer{
		Consumer: c, Writer: archive.NewWriter(w, j.CreatedAt, c.keep(ctx, j)), job: j, user: account.Ref(c.Firestore, j.UID),
	}
	if err := g.explanation(ctx); err != nil {
		return fmt.Errorf("gather: %w", err)
	}
	for _, c := range schema.Collections {
		if c.Withheld != "" {
			continue
		}
		if err := g.part(c)(ctx); err != nil {
			return fmt.Errorf("gather %s: %w", c.Name, err)
		}
	}
	return g.Close()
}

// part returns the function that writes a collection into the archive: its documents as they are
// stored, unless the collection needs more.
func (g *gatherer) part(c schema.Collection) func(context.Context) error {
	switch c.Name {
	case "users":
		return g.profile
	case "audit":
		return g.acts
	case "consents":
		return g.consents
	case "guard":
		return g.memory
	case "series":
		return g.series
	case "scans":
		return g.scans
	}
	return func(ctx context.Context) error {
		return g.documents(ctx, c.Name+".json", g.user.Collection(c.Name).Query, g.kept)
	}
}

func (g *gatherer) explanation(context.Context) error {
	return g.Text("README.txt", func(w io.Writer) error {
		_, err := io.WriteString(w, explained())
		return err
	})
}

// explained returns README.txt with the texts about its files from the collections' rows.
func explained() string {
	const column = 19 // the column of the texts
	var files strings.Builder
	for _, c := range schema.Collections {
		if c.Explained != "" {
			text := strings.ReplaceAll(c.Explained, "\n", "\n"+strings.Repeat(" ", column))
			fmt.Fprintf(&files, "%-*s%s\n", column, c.Name+".json", text)
		}
	}
	return strings.Replace(readme, "{{collections}}\n", files.String(), 1)
}

// profile writes users/{uid} into two files: the profile, and the notifications that the user
// wants.
func (g *gatherer) profile(ctx context.Context) error {
	snap, err := g.user.Get(ctx)
	if err != nil {
		return fmt.Errorf("read user: %w", err)
	}
	var u account.User
	if err := snap.DataTo(&u); err != nil {
		return fmt.Errorf("decode user: %w", err)
	}
	const name = "profile.json"
	if err := g.Text(name, archive.JSON(shown(name, snap))); err != nil {
		return err
	}
	g.link = u.Acts
	return g.Text("preferences.json", archive.JSON(notify.SettingsOf(u)))
}

// acts writes the acts about the user in the order of their times, those of one time by their ids,
// which say nothing. It leaves out the pseudonyms of who did them.
func (g *gatherer) acts(ctx context.Context) error {
	const name = "audit.json"
	about, ok := g.Acts.About(g.link)
	if !ok {
		return g.Text(name, archive.JSON([]any{}))
	}
	return g.documents(ctx, name, about.OrderBy("at", firestore.Asc), g.kept)
}

func (g *gatherer) consents(ctx context.Context) error {
	return g.documents(ctx, "consents.json", g.user.Collection("consents").Query,
		func(snap *firestore.DocumentSnapshot) (bool, error) {
			var c account.ConsentRecord
			if err := snap.DataTo(&c); err != nil {
				return false, fmt.Errorf("decode consent: %w", err)
			}
			if c.Action == account.Withdrawn {
				g.withdrawn = max(g.withdrawn, c.Epoch)
			}
			return true, nil
		})
}

// series writes the series of photos, without those that are being deleted.
func (g *gatherer) series(ctx context.Context) error {
	return g.documents(ctx, "series.json", g.user.Collection("series").Query,
		func(snap *firestore.DocumentSnapshot) (bool, error) {
			state, err := snap.DataAt("state")
			if err != nil || state == string(series.Deleting) {
				return false, err
			}
			return g.kept(snap)
		})
}

// memory writes the guard's memory of the user's scans, and the ranked places.
func (g *gatherer) memory(ctx context.Context) error {
	all, err := cheat.Get(ctx, g.Firestore, g.job.UID)
	if err != nil {
		return err
	}
	// An entry without an epoch may be of any.
	kept := all.Standing(func(epoch int64) bool { return epoch > g.withdrawn || g.withdrawn == 0 })
	if err := g.Text("guard.json", archive.JSON(kept.Memories())); err != nil {
		return err
	}
	return g.Text("guard-places.json", archive.JSON(kept.Ranked()))
}

// kept reports whether the document may be exported: it has not expired, and its consent was not
// withdrawn.
func (g *gatherer) kept(snap *firestore.DocumentSnapshot) (bool, error) {
	var d struct {
		ConsentEpoch *int64     `firestore:"consentEpoch"`
		ExpireAt     *time.Time `firestore:"expireAt"`
	}
	if err := snap.DataTo(&d); err != nil {
		return false, fmt.Errorf("decode document: %w", err)
	}
	expired := d.ExpireAt != nil && !g.Now().Before(*d.ExpireAt)
	return !expired && (d.ConsentEpoch == nil || *d.ConsentEpoch > g.withdrawn), nil
}

// scans writes the scans' documents, and then their files. The query is by uid alone, which needs
// no declared index.
func (g *gatherer) scans(ctx context.Context) error {
	var photos []photo
	all := g.Firestore.Collection("scans").Where("uid", "==", string(g.job.UID))
	err := g.documents(ctx, "scans.json", all, func(snap *firestore.DocumentSnapshot) (bool, error) {
		kept, err := g.kept(snap)
		if err != nil || !kept {
			return false, err
		}
		var s scan.Scan
		if err := snap.DataTo(&s); err != nil {
			return false, fmt.Errorf("decode scan: %w", err)
		}
		if s.State == scan.Deleting {
			return false, nil
		}
		photos = append(photos, photo{scan.ID(snap.Ref.ID), s.Generation})
		return true, nil
	})
	if err != nil {
		return err
	}
	for _, p := range photos {
		if err := errors.Join(g.results(ctx, p), g.original(ctx, p)); err != nil {
			return err
		}
	}
	return nil
}

// results writes a scan's report and pictures.
func (g *gatherer) results(ctx context.Context, p photo) error {
	prefix := scan.ResultPrefix(g.job.UID, p.id)
	for attrs, err := range bucket.List(ctx, g.Results, prefix) {
		if err != nil {
			return err
		}
		name, add := "images/"+string(p.id)+"/"+strings.TrimPrefix(attrs.Name, prefix), g.Binary
		if path.Ext(attrs.Name) == ".json" {
			name, add = "reports/"+string(p.id)+".json", g.Text
		}
		err = g.object(ctx, g.Results.Object(attrs.Name), func(*bucket.Reader) string { return name }, add)
		if err != nil {
			return err
		}
	}
	return nil
}

// original writes a scan's photo, if it is still kept.
func (g *gatherer) original(ctx context.Context, p photo) error {
	if p.generation == 0 {
		return nil
	}
	photo := g.Uploads.Object(scan.PhotoName(g.job.UID, p.id)).Generation(p.generation)
	return g.object(ctx, photo, func(r *bucket.Reader) string {
		return "images/" + string(p.id) + "/original." + path.Base(r.Attrs.ContentType)
	}, g.Binary)
}

// maxObject is the largest object that is copied, in bytes: twice a rendition as TIFF of
// rendition.MaxSide squared.
const maxObject = 128 << 20

// object copies an object as it is stored, if it still exists.
func (g *gatherer) object(
	ctx context.Context, o *storage.ObjectHandle, name func(*bucket.Reader) string,
	add func(string, func(io.Writer) error) error,
) error {
	r, err := bucket.Open(ctx, o, maxObject)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // read only
	return add(name(r), func(w io.Writer) error {
		_, err := io.Copy(w, r)
		return err
	})
}

// documents writes the wanted documents of the query as a JSON array, in the query's order and then
// that of their ids, without holding all of them in memory.
func (g *gatherer) documents(
	ctx context.Context, name string, q firestore.Query, wanted func(*firestore.DocumentSnapshot) (bool, error),
) error {
	return g.Text(name, func(w io.Writer) error {
		docs := q.OrderBy(firestore.DocumentID, firestore.Asc).Documents(ctx)
		defer docs.Stop()
		before := "["
		for {
			snap, err := docs.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			if err != nil {
				return fmt.Errorf("list documents: %w", err)
			}
			want, err := wanted(snap)
			if err != nil {
				return err
			}
			if !want {
				continue
			}
			if err := writeElement(w, before, shown(name, snap)); err != nil {
				return err
			}
			before = ","
		}
		return endArray(w, before)
	})
}

func writeElement(w io.Writer, before string, v any) error {
	text, err := json.MarshalIndent(v, "  ", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n  %s", before, text)
	return err
}

func endArray(w io.Writer, before string) error {
	end := "\n]\n"
	if before == "[" {
		end = "[]\n"
	}
	_, err := io.WriteString(w, end)
	return err
}

// shown returns the document for the named file: as it is stored, without the members that are not
// about the user.
func shown(name string, snap *firestore.DocumentSnapshot) map[string]any {
	data := snap.Data()
	for _, member := range append(internals[""], internals[name]...) {
		delete(data, member)
	}
	data["id"] = snap.Ref.ID
	withoutZeroTimes(data)
	return data
}

// withoutZeroTimes replaces each unset time by null. It would otherwise appear as the year 1.
func withoutZeroTimes(v any) {
	switch v := v.(type) {
	case map[string]any:
		for name, member := range v {
			if at, ok := member.(time.Time); ok && at.IsZero() {
				v[name] = nil
				continue
			}
			withoutZeroTimes(member)
		}
	case []any:
		for _, member := range v {
			withoutZeroTimes(member)
		}
	}
}
