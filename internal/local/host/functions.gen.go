// Code generated from internal/catalog by scripts/deploy catalog. DO NOT EDIT.

package host

// Each function registers itself.
import (
	_ "github.com/facescan/facescan/functions/admin"
	_ "github.com/facescan/facescan/functions/analyze"
	_ "github.com/facescan/facescan/functions/coach"
	_ "github.com/facescan/facescan/functions/erase"
	_ "github.com/facescan/facescan/functions/export"
	_ "github.com/facescan/facescan/functions/health"
	_ "github.com/facescan/facescan/functions/inbox"
	_ "github.com/facescan/facescan/functions/leaderboard"
	_ "github.com/facescan/facescan/functions/notify"
	_ "github.com/facescan/facescan/functions/profile"
	_ "github.com/facescan/facescan/functions/rank"
	_ "github.com/facescan/facescan/functions/register"
	_ "github.com/facescan/facescan/functions/scans"
	_ "github.com/facescan/facescan/functions/sweep"
	_ "github.com/facescan/facescan/functions/upload"
)
