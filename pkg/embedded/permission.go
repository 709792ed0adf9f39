package embedded

import (
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"heli/pkg/contract"
)

// Administrator is the user that provisions the stream and its consumers and
// may do everything. No service runs as it.
const Administrator = "administrator"

// An answer may come up to answerTime after the call; a call of several
// messages gets as many answers.
const (
	answerTime    = 2 * time.Minute
	answersPerAsk = 1
)

// Permissions are the subjects that a user may use; nothing else.
type Permissions struct {
	Publish, Subscribe []string
	// Respond lets the user answer a message that it was sent.
	Respond bool
}

// NATSUser is somebody who may connect, by nkey.
type NATSUser struct {
	Name        string
	PublicKey   string // U…
	Permissions Permissions
}

// Services returns the services that talk over NATS.
func Services() []string {
	return []string{"directory", "request", "offer", "matcher", "notify", "web"}
}

// calls are the subjects that each service calls.
var calls = map[string][]string{
	"directory": {"svc.request.count", "svc.offer.count", "svc.matcher.count"},
	"request":   {"svc.directory.*", "svc.matcher.get"},
	"offer":     {"svc.directory.*"},
	"matcher": {
		"svc.directory.*",
		"svc.request.projection", "svc.request.projections", "svc.request.keep_place", "svc.request.places",
		"svc.offer.projection", "svc.offer.projections", "svc.offer.suspend",
	},
	"notify": {"svc.directory.*", "svc.matcher.*", "svc.request.*", "svc.offer.*"},
	"web":    {"svc.*.*"},
}

// facts are the subjects of the facts that each service speaks.
var facts = map[string][]string{
	"request": {"evt.request.>", "evt.reminder.>"},
	"offer":   {"evt.offer.>", "evt.reminder.>"},
	"matcher": {"evt.match.>", "evt.ask.>", "evt.appointment.>", "evt.reminder.>"},
}

// PermissionsOf returns what a service may do: call whom it must, speak its own
// facts and broadcasts, answer its own calls, read its own consumers. The
// administrator may do everything, somebody unknown nothing.
func PermissionsOf(name string) Permissions {
	if name == Administrator {
		return Permissions{Publish: []string{">"}, Subscribe: []string{">"}}
	}
	called, known := calls[name]
	if !known {
		return Permissions{}
	}
	p := Permissions{
		Publish: append(slices.Clone(called), "live."+name+".>"),
		Subscribe: []string{
			"svc." + name + ".*", "_INBOX_" + name + ".>", "live.>",
			"$SRV.PING", "$SRV.PING." + name, "$SRV.PING." + name + ".*",
			"$SRV.INFO", "$SRV.INFO." + name, "$SRV.INFO." + name + ".*",
			"$SRV.STATS", "$SRV.STATS." + name, "$SRV.STATS." + name + ".*",
		},
		Respond: true,
	}
	if spoken, speaks := facts[name]; speaks {
		p.Publish = append(append(p.Publish, spoken...), "$JS.API.STREAM.INFO."+contract.StreamName)
	}
	if name == "web" {
		p.Publish = append(p.Publish, "$SRV.PING", "$SRV.PING.*")
		p.Subscribe = append(p.Subscribe, contract.LiveSubject)
	}
	for _, c := range contract.Consumers() {
		if c.Service == name {
			p.Publish = append(p.Publish, consumerSubjects(c.Name)...)
		}
	}
	return p
}

// consumerSubjects are what reading a durable consumer takes that somebody else made.
func consumerSubjects(durable string) []string {
	id := contract.StreamName + "." + durable
	return []string{
		"$JS.API.CONSUMER.INFO." + id,
		"$JS.API.CONSUMER.MSG.NEXT." + id,
		"$JS.ACK." + id + ".>",
	}
}

// ServiceUsers returns every service and the administrator with their rights.
// The seed of each comes from the caller, such as seal.Keys.NKeySeed.
func ServiceUsers(seed func(name string) string) ([]NATSUser, error) {
	var users []NATSUser
	for _, name := range append(Services(), Administrator) {
		pair, err := nkeys.FromSeed([]byte(seed(name)))
		if err != nil {
			return nil, fmt.Errorf("read nkey seed of %s: %w", name, err)
		}
		key, err := pair.PublicKey()
		pair.Wipe()
		if err != nil {
			return nil, fmt.Errorf("derive public nkey of %s: %w", name, err)
		}
		users = append(users, NATSUser{Name: name, PublicKey: key, Permissions: PermissionsOf(name)})
	}
	return users, nil
}

// server returns the permissions as the server wants them. An empty list means
// everything there, so that nothing is spelled out as a denial.
func (p Permissions) server() *server.Permissions {
	result := &server.Permissions{Publish: subjects(p.Publish), Subscribe: subjects(p.Subscribe)}
	if p.Respond {
		result.Response = &server.ResponsePermission{MaxMsgs: answersPerAsk, Expires: answerTime}
	}
	return result
}

func subjects(allowed []string) *server.SubjectPermission {
	if len(allowed) == 0 {
		return &server.SubjectPermission{Deny: []string{">"}}
	}
	return &server.SubjectPermission{Allow: allowed}
}
