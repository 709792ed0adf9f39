package reach

import (
	"testing"

	"heli/pkg/contract"
)

// Quiet hours begin with their first minute and end with the last before their end; a
// digest that is due just now has gone, and the next one tells.
func TestTimesToTheMinute(t *testing.T) {
	t.Parallel()
	byDay, overNight := [2]string{"12:00", "14:00"}, [2]string{"22:00", "07:00"}
	for name, c := range map[string]struct {
		digest     contract.Digest
		quiet      [2]string
		came, want string
	}{
		"before quiet hours of the day":  {contract.DigestNone, byDay, "2026-11-24 11:59", "2026-11-24 11:59"},
		"as they begin":                  {contract.DigestNone, byDay, "2026-11-24 12:00", "2026-11-24 14:00"},
		"their last minute":              {contract.DigestNone, byDay, "2026-11-24 13:59", "2026-11-24 14:00"},
		"as they end":                    {contract.DigestNone, byDay, "2026-11-24 14:00", "2026-11-24 14:00"},
		"before quiet hours of a night":  {contract.DigestNone, overNight, "2026-11-24 21:59", "2026-11-24 21:59"},
		"as the night begins":            {contract.DigestNone, overNight, "2026-11-24 22:00", "2026-11-25 07:00"},
		"after midnight":                 {contract.DigestNone, overNight, "2026-11-25 00:00", "2026-11-25 07:00"},
		"its last minute":                {contract.DigestNone, overNight, "2026-11-25 06:59", "2026-11-25 07:00"},
		"as it ends":                     {contract.DigestNone, overNight, "2026-11-25 07:00", "2026-11-25 07:00"},
		"before the digest":              {contract.DigestDaily, [2]string{}, "2026-11-24 07:59", "2026-11-24 08:00"},
		"as the digest goes":             {contract.DigestDaily, [2]string{}, "2026-11-24 08:00", "2026-11-25 08:00"},
		"as the hour ends":               {contract.DigestHourly, [2]string{}, "2026-11-24 08:00", "2026-11-24 09:00"},
		"an hour that ends in the night": {contract.DigestHourly, overNight, "2026-11-24 21:10", "2026-11-25 07:00"},
	} {
		times := Times{Digest: c.digest, QuietFrom: c.quiet[0], QuietTo: c.quiet[1], TimeZone: "Asia/Shanghai"}
		if got := times.Due(at(t, "Asia/Shanghai", c.came).UTC()); !got.Equal(at(t, "Asia/Shanghai", c.want)) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
