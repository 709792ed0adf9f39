package contract

// Those to whom a message goes beside the person of a request or an offer.
const (
	// ThingPerson is somebody of the staff.
	ThingPerson Thing = "person"
	// ThingOrganisation are those of an organisation's staff who want to hear of it.
	ThingOrganisation Thing = "organisation"
)

// StaffNotices is whether and when somebody of the staff hears by mail of what
// concerns them.
type StaffNotices struct {
	Mail bool `json:"mail"`
	// Address is where mail goes; empty is SignIn.
	Address string `json:"address,omitempty"`
	// SignIn is the name by which they sign in, where that is an address.
	SignIn string `json:"sign_in,omitempty"`
	// Bounces says that mail to the address came back: nothing more is sent there.
	Bounces bool `json:"bounces,omitempty"`
	NoticeTimes
}

// SetStaffNotices replaces one's own.
type SetStaffNotices struct {
	PersonID PersonID `json:"person_id"`
	Mail     bool     `json:"mail"`
	Address  string   `json:"address,omitempty"`
	NoticeTimes
}

// AskListeners asks who of the staff of the very organisation at a path wants to
// hear by mail of what a role needs an action for.
type AskListeners struct {
	Path   string `json:"path"`
	Action string `json:"action"`
}

// Listeners are people of the staff.
type Listeners struct {
	People []PersonID `json:"people"`
}

// MailBounce is a message that came back after its server had taken it.
type MailBounce struct {
	// Token is what the envelope's sender names the message by.
	Token string `json:"token"`
	// Action and Status are those of its recipient (RFC 3464, RFC 3463).
	Action string `json:"action"`
	Status string `json:"status"`
}

// The calls about messages to staff, and about mail that comes back.
var (
	DirectoryNotices    = Endpoint[PersonByID, StaffNotices]{"svc.directory.notices"}
	DirectorySetNotices = Endpoint[SetStaffNotices, StaffNotices]{"svc.directory.set_notices"}
	DirectoryEndNotices = Endpoint[PersonByID, Empty]{"svc.directory.end_notices"}
	DirectoryListeners  = Endpoint[AskListeners, Listeners]{"svc.directory.listeners"}
	DirectoryReach      = Endpoint[AskReach, Reach]{"svc.directory.reach"}
	DirectoryBounced    = Endpoint[Bounced, Empty]{"svc.directory.bounced"}
	NotifyBounce        = Endpoint[MailBounce, Empty]{"svc.notify.bounce"}
)
