// Package directory owns the organisations, the people and keys that act for
// them, the audit chain, and the reference data (regions, categories, items,
// campaigns) that every service works with. It never knows a need or an offer,
// and keeps no secret that it hands out: only hashes.
package directory

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"regexp"
	"strings"
	"time"

	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/reference"
)

const (
	rootCode    = "root"
	rootRegion  = "000000"
	maxName     = 200
	maxKind     = 40
	maxReason   = 2000
	maxAuditKey = 200
	// maxParticipants is how many organisations join a campaign in one call.
	maxParticipants = 1000
	maxSpecialties  = 20
	// loginLife is how long a one-time secret may be redeemed.
	loginLife = 10 * time.Minute
	keyPrefix = "heli_"
)

// Outcomes of a registration.
const (
	outcomeCreated   = "created"
	outcomeChanged   = "changed"
	outcomeUnchanged = "unchanged"
)

var (
	errRootFixed   = fault.NewConflict("root_fixed", "the top organisation cannot be registered anew")
	errCycle       = fault.NewConflict("cycle", "an organisation cannot stand below itself")
	errParentFixed = fault.NewConflict("parent_fixed",
		"an organisation keeps its parent: what it owns is filed under its path")
	errCodeTaken        = fault.NewConflict("code_taken", "another organisation has this code")
	errCoordinatorTaken = fault.NewConflict("coordinator_taken", "another organisation coordinates this region")
	errEnded            = fault.NewConflict("organisation_ended", "this organisation has ended")
	errOpenWork         = fault.NewConflict("open_work", "something at or below this organisation is still open")
	errOpenBelow        = fault.NewConflict("open_below", "an organisation below this one has not ended")
	errOwn              = fault.NewConflict("own_organisation", "this is for those above the organisation to do")
	errStale            = fault.NewConflict("stale_version", "this was changed in the meantime")
	errIDTaken          = fault.NewConflict("id_taken", "this id belongs to something else")
	errKeyMade          = fault.NewConflict("key_made", "this key was made before, and keys are shown once")
	errAuditKeyReused   = fault.NewConflict("audit_key_reused", "another entry has this key")
)

// codeForm is what a code may be: it is typed by people, is one part of a path
// and one token of a NATS subject.
var codeForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$`)

func levels() []string { return []string{"province", "city", "county", "community"} }

func staffRoles() []contract.Role {
	return []contract.Role{
		contract.RoleAdministrator, contract.RoleCoordinator, contract.RoleAgencyLead,
		contract.RoleHelper, contract.RoleAuditor, contract.RoleIntegrator,
	}
}

// checkOrganisation returns an Invalid fault with every wrong field.
func checkOrganisation(ref *reference.Snapshot, d contract.OrganisationDraft) error {
	v := check.New(ref)
	if d.ID != "" {
		check.ID(v, "id", d.ID)
	}
	checkCode(v, "code", d.Code)
	v.Text("name", d.Name, 1, maxName)
	v.Text("kind", d.Kind, 1, maxKind)
	check.OneOf(v, "level", d.Level, levels())
	v.Region("region_code", d.RegionCode)
	if d.ParentCode != "" {
		checkCode(v, "parent_code", d.ParentCode)
	}
	if v.Size("specialties", len(d.Specialties), 0, maxSpecialties) {
		for n, code := range d.Specialties {
			v.Category(check.At("specialties", n, ""), code)
		}
	}
	v.Text("contact_person", d.ContactPerson, 0, maxName)
	return v.Err()
}

// checkCampaign asks for a name in Chinese, which every language falls back to.
func checkCampaign(d contract.CampaignDraft) error {
	v := check.New(nil)
	checkCode(v, "code", d.Code)
	v.Text("names.zh-Hans", d.Name["zh-Hans"], 1, maxName)
	for _, language := range []string{"en", "zh-Hant"} {
		v.Text("names."+language, d.Name[language], 0, maxName)
	}
	v.Size("organisations", len(d.Organisations), 0, maxParticipants)
	return v.Err()
}

func checkCode(v *check.Checker, location, code string) {
	switch {
	case code == "":
		v.Add(location, check.Required)
	case !codeForm.MatchString(code):
		v.Add(location, check.Malformed)
	}
}

func checkPerson(d contract.PersonDraft) error {
	v := check.New(nil)
	check.ID(v, "id", d.ID)
	v.Text("name", d.Name, 1, maxName)
	check.OneOf(v, "role", d.Role, staffRoles())
	checkCode(v, "organisation", d.Organisation)
	if d.Language != "" {
		v.Language("language", d.Language)
	}
	return v.Err()
}

func checkAudit(e contract.AuditEntry) error {
	v := check.New(nil)
	v.Text("key", e.Key, 1, maxAuditKey)
	v.Text("action", e.Action.Code(), 1, maxName)
	v.Text("subject_id", e.SubjectID, 1, maxName)
	v.Text("path", e.Path, 1, maxReason)
	v.Paragraph("reason", e.Reason, 0, maxReason)
	return v.Err()
}

// childPath returns the path of an organisation below its parent's.
func childPath(parent, code string) string { return parent + code + "/" }

// sameParent decides about a change of parent: none is allowed yet, since the
// requests and offers of other services are filed under the path.
func sameParent(o, parent organisationRow) error {
	switch {
	case o.ParentID.String == parent.ID:
		return nil
	case strings.HasPrefix(parent.Path, o.Path):
		return errCycle
	default:
		return errParentFixed
	}
}

// newSecret returns a one-time secret of 130 random bits.
func newSecret() string { return rand.Text() }

// newKey returns an API key of 260 random bits, recognisable by its prefix to
// those who search for leaked secrets.
func newKey() string { return keyPrefix + rand.Text() + rand.Text() }

// hashSecret is what is stored of a secret. The secrets are random and long, so
// a plain hash is enough.
func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}

// auditHash covers the row before and every field of this one, each with its
// length, so that no two different rows have the same text.
func auditHash(row auditRow) []byte {
	text := binary.AppendUvarint(nil, uint64(row.Seq))
	fields := []string{
		string(row.Previous), row.OrganisationID, row.Key, row.At.UTC().Format(time.RFC3339Nano),
		row.Action, row.SubjectID, row.Role, row.ActorID, row.ActorName, row.Reason,
	}
	for _, field := range fields {
		text = binary.AppendUvarint(text, uint64(len(field)))
		text = append(text, field...)
	}
	sum := sha256.Sum256(text)
	return sum[:]
}
