package httpapi

import _ "embed"

//go:embed openapi.yaml
var contract []byte

// Contract returns the API's OpenAPI document in YAML.
func Contract() []byte { return contract }
