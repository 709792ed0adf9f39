package contract

import "time"

// ThingReminder is a moment at which somebody should hear or look. Its facts are
// named by the kind of reminder, each is told once, and none changes a state.
const ThingReminder Thing = "reminder"

// ReminderKind is what a reminder is for: the state of its fact.
type ReminderKind string

// The reminders.
const (
	// ReminderConfirmation asks the requester whether help came; the second time
	// is the last before the request closes without an answer.
	ReminderConfirmation      ReminderKind = "confirmation_asked"
	ReminderConfirmationAgain ReminderKind = "confirmation_asked_again"
	// ReminderFollowUp says that a date came that staff had set themselves.
	ReminderFollowUp ReminderKind = "follow_up_due"
	// ReminderNews says that a request has had no news for longer than its urgency
	// bears.
	ReminderNews ReminderKind = "news_missing"
	// ReminderDispute says that the two sides of a match still disagree after the
	// time within which staff should have decided.
	ReminderDispute ReminderKind = "dispute_overdue"
	// ReminderDayBefore and ReminderSoon announce an appointment a day and two hours
	// before it begins.
	ReminderDayBefore ReminderKind = "appointment_tomorrow"
	ReminderSoon      ReminderKind = "appointment_soon"
	// ReminderAvailable asks who offers whether the offer still stands; the second
	// time is the last before it is paused.
	ReminderAvailable      ReminderKind = "availability_asked"
	ReminderAvailableAgain ReminderKind = "availability_asked_again"
	// ReminderCredential says that a credential ends soon.
	ReminderCredential ReminderKind = "credential_ending"
	// ReminderHold says that what is held for a helper is held for a short time only.
	ReminderHold ReminderKind = "hold_ending"
	// ReminderMentioned and ReminderClaimOver tell somebody of the staff that a
	// colleague wants them to read a note, and that what they had claimed is free
	// again. Nobody else sees them.
	ReminderMentioned ReminderKind = "mentioned"
	ReminderClaimOver ReminderKind = "claim_over"
)

// FollowUp sets when staff want to look at a request again; without a time they
// do not any more.
type FollowUp struct {
	ID RequestID  `json:"id"`
	At *time.Time `json:"at,omitempty"`
}

// RequestFollowUp sets or ends the date of a request; a repeat changes nothing.
var RequestFollowUp = Endpoint[FollowUp, Moved]{"svc.request.follow_up"}
