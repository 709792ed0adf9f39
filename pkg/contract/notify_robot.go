package contract

// EndpointKind is what listens at the address of an endpoint.
type EndpointKind string

// The kinds of endpoints. All but the first are robots in a group of people, who
// get a short text in place of an event.
const (
	KindWebhook  EndpointKind = "webhook"
	KindWeCom    EndpointKind = "wecom"
	KindDingTalk EndpointKind = "dingtalk"
	KindFeishu   EndpointKind = "feishu"
	KindSlack    EndpointKind = "slack"
)

// EndpointKinds lists the kinds in the order in which people are offered them.
func EndpointKinds() []EndpointKind {
	return []EndpointKind{KindWebhook, KindWeCom, KindDingTalk, KindFeishu, KindSlack}
}

// Robot reports whether people read what is sent, not a program.
func (k EndpointKind) Robot() bool { return k != KindWebhook && k != "" }

// Digest is how a robot tells of what is not critical.
type Digest string

// The digests.
const (
	DigestNone   Digest = "none" // each by itself, as it comes
	DigestHourly Digest = "hourly"
	DigestDaily  Digest = "daily"
)

// Digests lists them.
func Digests() []Digest { return []Digest{DigestNone, DigestHourly, DigestDaily} }

// QuietHours is a span of each day, past midnight where it ends before it begins.
type QuietHours struct {
	From string `json:"from" example:"22:00"` // "HH:MM"
	To   string `json:"to" example:"07:00"`
}

// NoticeTimes is in which language and when a robot speaks. A webhook has none.
type NoticeTimes struct {
	Language string `json:"language,omitempty"` // en, zh-Hans, zh-Hant
	Digest   Digest `json:"digest,omitempty"`
	// Quiet are hours in which only what is critical is told; the rest comes in
	// one message at their end.
	Quiet    *QuietHours `json:"quiet_hours,omitempty"`
	TimeZone string      `json:"time_zone,omitempty"` // IANA, of the hours and days above
}

// ScheduleNotices replaces the times of a robot.
type ScheduleNotices struct {
	ID EndpointID `json:"id"`
	NoticeTimes
}
