//go:build nochecks

package contract

// Checked is false: see checked.go.
const Checked = false
