package contact

import "testing"

// BenchmarkSeal is what the intake pays for a contact, BenchmarkOpen what a list
// pays for each row.
func BenchmarkSeal(b *testing.B) {
	k := keys(b)
	for b.Loop() {
		Seal(k, "0190c0de-0000-7000-8000-000000000001", person)
	}
}

func BenchmarkOpen(b *testing.B) {
	k := keys(b)
	row := Seal(k, "0190c0de-0000-7000-8000-000000000001", person)
	for b.Loop() {
		if _, err := Open(k, "0190c0de-0000-7000-8000-000000000001", row); err != nil {
			b.Fatal(err)
		}
	}
}
