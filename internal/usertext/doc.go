// Package usertext judges what users write: identifiers, by which they are known to others, and
// lines of free text. It follows Unicode's own rules, UAX 31 (identifiers), UTS 39 (security
// mechanisms) and UAX 29 (what readers count as a character), on Unicode's own data.
package usertext
