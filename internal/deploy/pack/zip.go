package pack

import (
	"archive/zip"
	"bytes"
	"compress/flate"
	"context"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"runtime"
	"sync"

	"golang.org/x/sync/errgroup"
)

// Everything in a zip but its files' names and bytes is fixed, so that the same source gives the
// same zip anywhere.
const (
	zipDate = 1<<5 | 1 // 1980-01-01, the earliest that a zip can say
	zipMode = 0o644
)

// packed is a file's compressed form. Functions share most of their files, which are compressed
// once.
type packed struct {
	data []byte
	crc  uint32
	size uint64
}

// packer compresses files, each once.
type packer struct {
	mu    sync.Mutex
	files map[string]packed // by staged.from
}

func newPacker() *packer { return &packer{files: map[string]packed{}} }

// pack compresses those of the files that are copied and not yet known.
func (p *packer) pack(ctx context.Context, files []staged) error {
	var fresh []string
	for _, f := range files {
		if _, known := p.get(f.from); f.from != "" && !known {
			fresh = append(fresh, f.from)
		}
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(runtime.GOMAXPROCS(0))
	for _, file := range fresh {
		work.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			content, err := os.ReadFile(file) //nolint:gosec // that the Go command named
			if err != nil {
				return fmt.Errorf("read a file of the stage: %w", err)
			}
			c, err := compress(content)
			p.mu.Lock()
			defer p.mu.Unlock()
			p.files[file] = c
			return err
		})
	}
	return work.Wait()
}

func (p *packer) get(file string) (packed, bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	c, known := p.files[file]
	return c, known
}

func compress(content []byte) (packed, error) {
	var data bytes.Buffer
	w, err := flate.NewWriter(&data, flate.DefaultCompression)
	if err != nil {
		return packed{}, err
	}
	if _, err := w.Write(content); err != nil {
		return packed{}, err
	}
	if err := w.Close(); err != nil {
		return packed{}, err
	}
	return packed{data: data.Bytes(), crc: crc32.ChecksumIEEE(content), size: uint64(len(content))}, nil
}

// writeZip writes the files, which are sorted and packed.
func (p *packer) writeZip(w io.Writer, files []staged) error {
	archive := zip.NewWriter(w)
	for _, f := range files {
		c, _ := p.get(f.from)
		if f.from == "" {
			var err error
			if c, err = compress(f.content); err != nil {
				return err
			}
		}
		header := &zip.FileHeader{
			Name: f.name, Method: zip.Deflate, ModifiedDate: zipDate, //nolint:staticcheck // Modified would add an extra field
			CRC32: c.crc, CompressedSize64: uint64(len(c.data)), UncompressedSize64: c.size,
		}
		header.SetMode(zipMode)
		entry, err := archive.CreateRaw(header)
		if err != nil {
			return fmt.Errorf("begin %s in the zip: %w", f.name, err)
		}
		if _, err := entry.Write(c.data); err != nil {
			return fmt.Errorf("write %s into the zip: %w", f.name, err)
		}
	}
	return archive.Close()
}
