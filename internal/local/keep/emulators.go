package keep

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
)

// Files of a state.
const (
	firestoreName = "firestore"
	usersName     = "users.json"
	objectsName   = "objects"
)

// FirestoreSeed returns the file of a state that the Firestore emulator begins with.
func FirestoreSeed(state string) string {
	return filepath.Join(state, firestoreName, firestoreName+".overall_export_metadata")
}

// Objects returns the folder of a state's photos, exports and pictures.
func Objects(state string) string { return filepath.Join(state, objectsName) }

// Users returns the file of a state's users of Firebase.
func Users(state string) string { return filepath.Join(state, usersName) }

// ExportFirestore has the emulator at the host write the project's documents into the state.
func ExportFirestore(ctx context.Context, host, project, state string) error {
	state, err := filepath.Abs(state)
	if err != nil {
		return err
	}
	_, err = ask(ctx, http.MethodPost, "http://"+host+"/emulator/v1/projects/"+project+":export", map[string]string{
		"database":         "projects/" + project + "/databases/(default)",
		"export_directory": state,
		"export_name":      firestoreName,
	})
	if err != nil {
		return fmt.Errorf("export the documents: %w", err)
	}
	return nil
}

// users are what the Auth emulator tells of its users, with their passwords, and takes again.
type users struct {
	Users []json.RawMessage `json:"users"`
}

func accounts(host, project, method string) string {
	return "http://" + host + "/identitytoolkit.googleapis.com/v1/projects/" + project + "/accounts:" + method
}

// ExportUsers writes the users of the Auth emulator at the host into the state.
func ExportUsers(ctx context.Context, host, project, state string) error {
	data, err := ask(ctx, http.MethodGet, accounts(host, project, "batchGet")+"?maxResults=-1", nil) // -1 is all
	if err != nil {
		return fmt.Errorf("export the users: %w", err)
	}
	return os.WriteFile(Users(state), data, 0o600)
}

// ImportUsers gives the Auth emulator at the host the users of the state.
func ImportUsers(ctx context.Context, host, project, state string) error {
	data, err := os.ReadFile(Users(state))
	if err != nil {
		return fmt.Errorf("import the users: %w", err)
	}
	var all users
	if err := json.Unmarshal(data, &all); err != nil {
		return fmt.Errorf("import the users: %w", err)
	}
	if len(all.Users) == 0 {
		return nil // which the emulator would refuse
	}
	answer, err := ask(ctx, http.MethodPost, accounts(host, project, "batchCreate"), all)
	if err != nil {
		return fmt.Errorf("import the users: %w", err)
	}
	var refused struct {
		Error []struct{ Message string }
	}
	if err := json.Unmarshal(answer, &refused); err != nil {
		return fmt.Errorf("import the users: %w", err)
	}
	if len(refused.Error) > 0 {
		return fmt.Errorf("import the users: %s", refused.Error[0].Message)
	}
	return nil
}

// ask sends an emulator a request as its owner and returns the answer.
func ask(ctx context.Context, method, url string, body any) (_ []byte, err error) {
	data, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Authorization", "Bearer owner")
	req.Header.Set("Content-Type", "application/json")
	if method == http.MethodGet {
		req.Body, req.ContentLength = http.NoBody, 0
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, resp.Body.Close()) }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", resp.Status, answer)
	}
	return answer, nil
}
