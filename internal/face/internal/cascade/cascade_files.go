package cascade

import _ "embed" // the cascades

// The trained cascades of pigo, unchanged; see cascades/NOTICE. Embedded one by one because a file
// out of an [embed.FS] is a copy: 8 MB of memory, and the time to write them.
var (
	//go:embed cascades/facefinder
	cascadeFacefinder []byte
	//go:embed cascades/puploc
	cascadePuploc []byte
	//go:embed cascades/lp312
	cascadeLp312 []byte
	//go:embed cascades/lp38
	cascadeLp38 []byte
	//go:embed cascades/lp42
	cascadeLp42 []byte
	//go:embed cascades/lp44
	cascadeLp44 []byte
	//go:embed cascades/lp46
	cascadeLp46 []byte
	//go:embed cascades/lp81
	cascadeLp81 []byte
	//go:embed cascades/lp82
	cascadeLp82 []byte
	//go:embed cascades/lp84
	cascadeLp84 []byte
	//go:embed cascades/lp93
	cascadeLp93 []byte
)

// Cascades returns the files by pigo's names. They must not be written to. Cascades is a function,
// not a variable, so that the linker omits the files from a program that measures no photos, as
// most programs do.
func Cascades() map[string][]byte {
	return map[string][]byte{
		"facefinder": cascadeFacefinder, "puploc": cascadePuploc,
		"lp312": cascadeLp312, "lp38": cascadeLp38, "lp42": cascadeLp42, "lp44": cascadeLp44, "lp46": cascadeLp46,
		"lp81": cascadeLp81, "lp82": cascadeLp82, "lp84": cascadeLp84, "lp93": cascadeLp93,
	}
}
