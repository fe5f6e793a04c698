package fakegcp

import (
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"
)

// reuseTime is how long the id of a deleted database cannot be used again.
// https://cloud.google.com/firestore/docs/manage-databases#delete_a_database
const reuseTime = 5 * time.Minute

// firestore keeps databases, and refuses what is made in one that is not there.
func (s *Server) firestore(c call) (reply, bool) {
	k := key(c.Service, c.Path)
	parts := strings.Split(c.Path, "/") // projects/P/databases/D/...
	switch {
	case c.Method == http.MethodPost && len(parts) == 3:
		p := c.Path + "/" + c.query("databaseId")
		if _, there := s.resources[key(c.Service, p)]; there {
			// https://github.com/GoogleCloudPlatform/core-solution-services/issues/6
			return failure(http.StatusConflict, "ALREADY_EXISTS",
				"Database already exists. Please use another database_id"), true
		}
		if buried, was := s.buried[key(c.Service, p)]; was && s.options.Now().Sub(buried) < reuseTime {
			return failure(http.StatusBadRequest, "FAILED_PRECONDITION", fmt.Sprintf(
				"Database ID '%s' is not available in project '%s'. Please retry in 300 seconds", path.Base(p),
				s.project)), true
		}
		location, _ := c.Body["locationId"].(string)
		if r := s.locked(c, usedKey(c.Body, "cmekConfig", "kmsKeyName"), location); r.status != 0 {
			return r, true
		}
	case len(parts) > 4 && c.Method != http.MethodGet:
		database := strings.Join(parts[:4], "/")
		if _, there := s.resources[key(c.Service, database)]; !there {
			return failure(http.StatusNotFound, "NOT_FOUND", fmt.Sprintf("The database %s does not exist for project %s",
				parts[3], s.project)), true
		}
	case c.Method == http.MethodDelete && len(parts) == 4:
		database, there := s.resources[k]
		if there && database["deleteProtectionState"] == "DELETE_PROTECTION_ENABLED" {
			return failure(http.StatusBadRequest, "FAILED_PRECONDITION",
				"Delete protection is enabled for this database. Disable it to delete the database."), true
		}
		if there {
			s.buried[k] = s.options.Now()
		}
	}
	return reply{}, false
}
