// Package api is the Go client of the HTTP API, generated from internal/httpapi/openapi.yaml. The
// demo and the system tests ask the API through it, so that no second description of its messages
// exists. After a change of the contract run `make generate`; `make check` fails if that was
// forgotten.
//
// The generator (oapi-codegen) reads OpenAPI 3.1 as far as it makes types: "null" beside another
// type becomes a pointer, a const a plain string, and if, then and else are left to the validation
// of the tests. It does not read schemas that are true or false, so the contract says {} and {not:
// {}}.
package api

//go:generate go run github.com/oapi-codegen/oapi-codegen/v2/cmd/oapi-codegen@v2.8.2 -config oapi-codegen.yaml ../../httpapi/openapi.yaml
