// Package first measures how long a developer waits, from `make run` to the first result that is
// seen in the console. `make first-result` runs its one test, which is behind the build tag
// browser as those of its parent are.
package first
