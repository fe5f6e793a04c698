// Package iam decides, for the fake of Google Cloud, whether a caller may do what it asks for:
// which permissions a request needs, which of them the roles of a policy hold, and whether the
// conditions of a binding are met.
//
// It is not the whole of IAM: there are no organisations, folders, groups, deny policies or tags.
package iam
