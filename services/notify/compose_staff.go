package notify

import (
	"strings"
	"time"

	"heli/pkg/contract"
)

// pageNotices is the purpose of the token that ends mail to somebody of the staff.
const pageNotices = "notices"

// pointer is a line of a summary with the page that it leads to.
type pointer struct{ Text, Link string }

// composeStaff writes what somebody of the staff is told of: one thing, or several in
// a summary. Its links open nothing by themselves.
func (c *composer) composeStaff(t messageTask, told []messageTask, person contract.Reach, now time.Time) content {
	lang := c.texts.Choose(person.Language, "")
	p := c.texts.Printer(lang, time.UTC, now)
	m := content{
		Lang: lang, Link: c.publicURL + "/console", Button: p.T("message.open.console"),
		Why: p.T("message.staff.why"), Stop: p.T("message.stop"),
		Unsubscribe: c.publicURL + "/" + pageUnsubscribe + "/" + c.keys.Bearer(pageNotices, t.SubjectID, 0),
	}
	if len(told) == 1 {
		m.Link = c.consolePage(told[0])
		m.Subject, m.Lead = p.T("message."+told[0].Kind+".subject"), p.T("message."+told[0].Kind+".lead")
	} else {
		m.Subject, m.Lead = p.T("message.summary.subject", "count", len(told)), p.T("message.summary.lead")
		for _, line := range told {
			m.Lines = append(m.Lines, pointer{p.T("message." + line.Kind + ".subject"), c.consolePage(line)})
		}
	}
	if t.Critical {
		m.Subject = p.T("message.staff.critical", "subject", m.Subject)
	}
	return m
}

func (c *composer) consolePage(line messageTask) string {
	return c.publicURL + "/console/" + concerns[line.Kind].page + "/" + *line.About
}

// list returns pointers as plain text, such as the lines of a summary.
func list(pointers []pointer) string {
	var lines []string
	for _, line := range pointers {
		lines = append(lines, "- "+line.Text+"\n  "+line.Link)
	}
	return strings.Join(lines, "\n")
}
