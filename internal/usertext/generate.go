package usertext

//go:generate go run ../../scripts/unicode
