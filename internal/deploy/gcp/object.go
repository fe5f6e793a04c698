package gcp

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// WriteObject stores the content in Cloud Storage under the name, unless there is an object of that
// name already.
func (c *Client) WriteObject(ctx context.Context, bucket, name string, content []byte) error {
	base, err := c.base(Storage)
	if err != nil {
		return err
	}
	// Uploads have the API's path behind /upload:
	// https://cloud.google.com/storage/docs/json_api/v1/objects/insert
	address, err := url.Parse(base)
	if err != nil {
		return err
	}
	address.Path = "/upload" + address.Path + "b/" + bucket + "/o"
	address.RawQuery = url.Values{"uploadType": {"media"}, "name": {name}, "ifGenerationMatch": {"0"}}.Encode()
	_, err = c.do(ctx, http.MethodPost, address.String(), bytes.NewReader(content))
	return err
}

// ReadObject returns the content of an object.
func (c *Client) ReadObject(ctx context.Context, bucket, name string) ([]byte, error) {
	base, err := c.base(Storage)
	if err != nil {
		return nil, err
	}
	return c.do(ctx, http.MethodGet, base+"b/"+bucket+"/o/"+url.PathEscape(name)+"?alt=media", http.NoBody)
}

// ListObjects returns the names of the bucket's objects with the prefix, sorted.
func (c *Client) ListObjects(ctx context.Context, bucket, prefix string) ([]string, error) {
	var names []string
	for token := ""; ; {
		var page struct {
			Items []struct {
				Name string `json:"name"`
			} `json:"items"`
			NextPageToken string `json:"nextPageToken"`
		}
		query := url.Values{"prefix": {prefix}, "fields": {"items(name),nextPageToken"}}
		if token != "" {
			query.Set("pageToken", token)
		}
		if err := c.Call(ctx, Storage, http.MethodGet, "b/"+bucket+"/o?"+query.Encode(), nil, &page); err != nil {
			return nil, err
		}
		for _, item := range page.Items {
			if strings.HasPrefix(item.Name, prefix) {
				names = append(names, item.Name)
			}
		}
		if token = page.NextPageToken; token == "" {
			return names, nil
		}
	}
}

// Operation is a long-running operation: https://google.aip.dev/151
type Operation struct {
	Name  string `json:"name"`
	Done  bool   `json:"done"`
	Error *struct {
		Code    int    `json:"code"`
		Message string `json:"message"`
	} `json:"error"`
}

// How often an operation is looked at, and how often at most: half an hour, as long as the slowest
// build.
const (
	operationPoll  = 3 * time.Second
	operationPolls = 600
)

// Await waits until the operation is done.
func (c *Client) Await(ctx context.Context, clock Clock, a API, op Operation) error {
	for range operationPolls {
		switch {
		case op.Error != nil:
			return fmt.Errorf("%s: code %d: %s", op.Name, op.Error.Code, op.Error.Message)
		case op.Done || op.Name == "":
			return nil
		}
		if err := clock.Sleep(ctx, operationPoll); err != nil {
			return err
		}
		name := op.Name
		if err := c.Call(ctx, a, http.MethodGet, name, nil, &op); err != nil {
			return err
		}
	}
	return fmt.Errorf("%s is not done after %s", op.Name, operationPolls*operationPoll)
}
