// Package terraform holds the infrastructure, and hands to the local stack what of it runs there as
// well.
package terraform

import _ "embed"

// FirestoreRules are the security rules of the database, which deny clients everything. Terraform
// releases them in production, and the local Firestore emulator starts with them.
//
//go:embed modules/facescan/firestore.rules
var FirestoreRules string

// Catalog is what Terraform makes of the code, written by go generate ./internal/catalog. The local
// Firestore emulator answers the queries only that the indexes in it serve.
//
//go:embed modules/facescan/catalog.json
var Catalog []byte
