package report

import "testing"

func TestMediaType(t *testing.T) {
	t.Parallel()
	for want, head := range map[string]string{
		"image/jpeg":                "\xff\xd8\xff\xe0",
		"image/png":                 "\x89PNG\r\n\x1a\n",
		"image/webp":                "RIFF\x10\x00\x00\x00WEBPVP8 ",
		"image/gif":                 "GIF89a",
		"image/bmp":                 "BM",
		"image/tiff":                "II*\x00",
		"image/heic":                "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00mif1",
		"image/avif":                "\x00\x00\x00\x18ftypavif\x00\x00\x00\x00mif1",
		"video/mp4":                 "\x00\x00\x00\x18ftypmp42\x00\x00\x00\x00mp42isom",
		"application/octet-stream":  "\x00\x00\x00\x18ftyp",
		"text/plain; charset=utf-8": "",
	} {
		if got := MediaType([]byte(head)); got != want {
			t.Errorf("MediaType(%q) = %q, want %q", head, got, want)
		}
	}
}
