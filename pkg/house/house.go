// Package house owns the rules of the building: which package may import
// which, and that documents rendered from code are current. It holds tests
// alone; nothing imports it.
package house
