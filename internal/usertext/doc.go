// Package usertext checks texts of users: identifiers, by which others know them, and lines of free
// text. It follows Unicode's rules, UAX 31 (identifiers), UTS 39 (security mechanisms) and UAX 29
// (what readers count as a character), with Unicode's data.
package usertext
