//go:build !nochecks

package contract

// Checked is false under the build tag nochecks alone: then who acts passes every
// check of the program, and tests see what the database's row policies stop by
// themselves. No program is ever built so.
const Checked = true
