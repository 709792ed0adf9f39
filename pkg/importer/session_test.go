package importer

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// counter counts sessions as the service does: each source_id once, and what is
// unusual only once it is confirmed.
type counter struct {
	mu    sync.Mutex
	known map[string]bool
	total int64
}

func (c *counter) look(q contract.RecordSession) error {
	if q.Draft.People > 1000 && !q.Draft.Confirmed {
		return fault.NewInvalid(fault.Field{Location: "people", Code: "unusual"})
	}
	return nil
}

func (c *counter) calls() Calls {
	return Calls{
		TrySession: func(_ context.Context, q contract.RecordSession) error { return c.look(q) },
		Session: func(_ context.Context, q contract.RecordSession) (contract.ServiceSession, error) {
			if err := c.look(q); err != nil {
				return contract.ServiceSession{}, err
			}
			c.mu.Lock()
			defer c.mu.Unlock()
			repeated := q.Draft.SourceID != "" && c.known[q.Draft.SourceID]
			if c.known[q.Draft.SourceID] = true; !repeated {
				c.total += q.Draft.People
			}
			return contract.ServiceSession{Repeated: repeated}, nil
		},
	}
}

const sessions = "held_on,category,people,minutes,group\n" +
	"2026-11-20,psych,1,50,no\n2026-11-20,psych,1,50,no\n2026/11/21,psych,30,90,yes\n2026-11-22,psych,10000,60,yes\n2026-11-23,psych,many,60,no\n"

func (c *counter) take(t *testing.T, table string, change func(*Options)) Report {
	t.Helper()
	options := Options{Organisation: "xian", Name: func(content string) string { return "row " + content }}
	change(&options)
	report, err := New(snapshot(), c.calls(), time.Now, options).Sessions(t.Context(), strings.NewReader(table))
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// TestATableOfSessionsCountsOnceHoweverOften it is taken: two rows alike in one table
// are two sessions, and those of a table that was mended are known again.
func TestATableOfSessionsCountsOnceHoweverOften(t *testing.T) {
	t.Parallel()
	c := &counter{known: map[string]bool{}}
	preview := c.take(t, sessions, func(o *Options) { o.DryRun = true })
	if preview.Counts.Things[Valid] != 3 || preview.Counts.RefusedRows != 2 || c.total != 0 {
		t.Errorf("preview %+v, counted %d", preview.Counts, c.total)
	}
	c.take(t, sessions, func(*Options) {})
	if c.total != 32 {
		t.Errorf("counted %d, want 32", c.total)
	}
	again := c.take(t, strings.Replace(sessions, "many", "8", 1), func(o *Options) { o.Confirmed = true })
	if c.total != 10_040 || again.Counts.Things[Unchanged] != 3 || again.Counts.Things[Created] != 2 {
		t.Errorf("counted %d, %+v", c.total, again.Counts)
	}
}
