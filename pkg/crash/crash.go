//go:build !crash

// Package crash owns the named places at which a fault test may end the
// process as abruptly as a power cut. It never does anything in a program
// built without the tag "crash": Point is then empty and inlined away.
//
// With the tag, HELI_CRASH=outbox.published ends the process at the first time
// that place is reached, HELI_CRASH=outbox.published:3 at the third.
package crash

// Point marks a place between two effects that a crash may separate.
func Point(string) {}
