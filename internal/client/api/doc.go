// Package api is the Go client of the HTTP API, generated from internal/httpapi/openapi.yaml. The
// demo and the system tests ask the API through it, so that no second description of its messages
// exists. After a change of the contract run `make generate`; `make check` fails if that was
// forgotten.
//
// The generator (oapi-codegen) reads OpenAPI 3.1 as far as it makes types: "null" beside another
// type becomes a pointer and a const a plain string. A union becomes raw JSON, so overlay.yaml,
// which scripts/contract writes, makes one struct of each. It does not read schemas that are no
// objects, true and false.
package api

//go:generate go run ../../../scripts/contract -root ../../..
//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml ../../httpapi/openapi.yaml
