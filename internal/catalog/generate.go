package catalog

//go:generate go run ../../scripts/deploy catalog
