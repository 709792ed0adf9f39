package matcher

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/bus"
	"heli/pkg/check"
	"heli/pkg/contract"
	"heli/pkg/cursor"
	"heli/pkg/fault"
	"heli/pkg/idempotency"
	"heli/pkg/reference"
	"heli/services/matcher/rank"
)

// policyInForce is a policy with its version.
type policyInForce struct {
	rank.Policy
	row policyRow
}

// policyScope is where a policy is in force.
type policyScope struct{ path, category string }

// policies are those in force. They never change; a new set takes their place.
type policies map[policyScope]policyInForce

// installation is the policy that all others stand over.
func (p policies) installation() policyInForce { return p[policyScope{}] }

// newest returns the greatest version among them, which names the whole set.
func (p policies) newest() int64 {
	newest := int64(0)
	for _, one := range p {
		newest = max(newest, one.row.Version)
	}
	return newest
}

// of returns the policy for a category of an organisation's needs: of the
// nearest organisation upwards that has one, there of the nearest category.
func (p policies) of(ref *reference.Snapshot, path, category string) policyInForce {
	for {
		for c := category; ; {
			if found, ok := p[policyScope{path, c}]; ok {
				return found
			}
			if c == "" {
				break
			}
			above, _ := ref.Category(c)
			c = above.Parent
		}
		if path == "" {
			return p.installation()
		}
		path = path[:strings.LastIndexByte(strings.TrimSuffix(path, "/"), '/')+1]
	}
}

// mode returns how far the matcher goes by itself for a category of an
// organisation's needs: as the policy says that somebody set, else, under the one
// that every installation begins with, as the category does.
func (p policies) mode(ref *reference.Snapshot, path, category string) rank.Mode {
	found := p.of(ref, path, category)
	if found.row.CreatedBy != "" {
		return found.Mode
	}
	if c, ok := ref.Category(category); ok && c.Matching != "" {
		return rank.Mode(c.Matching)
	}
	return found.Mode
}

// refreshPolicies takes over the newest policies.
func (s *Service) refreshPolicies(ctx context.Context) error {
	rows, err := s.worker.policiesInForce(ctx)
	if err != nil {
		return err
	}
	inForce := policies{}
	for _, row := range rows {
		if len(row.Document) == 0 {
			continue
		}
		p := policyInForce{row: row}
		if err := json.Unmarshal(row.Document, &p.Policy); err != nil {
			return fmt.Errorf("decode policy %d: %w", row.Version, err)
		}
		inForce[policyScope{row.Path, row.Category}] = p
	}
	s.policies.Store(&inForce)
	return nil
}

// Policy returns the policy of the installation.
func (s *Service) Policy(ctx context.Context, _ contract.Empty) (contract.Policy, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.ReadPolicy); err != nil {
		return contract.Policy{}, err
	}
	return s.policies.Load().installation().row.view(), nil
}

// Policies returns the policies in force that concern the actor: of the
// organisations above and below, in order of their paths and categories.
func (s *Service) Policies(ctx context.Context, _ contract.Empty) (contract.Listing[contract.Policy], error) {
	listing := contract.Listing[contract.Policy]{Items: []contract.Policy{}}
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ReadPolicy); err != nil {
		return listing, err
	}
	rows, err := s.store.policiesInForce(ctx)
	if err != nil {
		return listing, err
	}
	for _, row := range rows {
		if len(row.Document) > 0 && (actor.Sees(row.Path) || strings.HasPrefix(actor.Path, row.Path)) {
			listing.Items = append(listing.Items, row.view())
		}
	}
	return listing, nil
}

// PolicyVersions returns a page of the versions that concern the actor, the newest
// first: of every scope, of one, or one version alone.
func (s *Service) PolicyVersions(ctx context.Context, q contract.ListPolicyVersions) (contract.Listing[contract.Policy], error) {
	listing := contract.Listing[contract.Policy]{Items: []contract.Policy{}}
	if err := access.Require(contract.ActorFrom(ctx), access.ReadPolicy); err != nil {
		return listing, err
	}
	limit, err := cursor.Limit(q.Limit)
	if err != nil {
		return listing, err
	}
	f := versionFilter{q: q, limit: limit + 1}
	if _, err := cursor.Decode(q.Cursor, &f.before); err != nil {
		return listing, err
	}
	rows, err := s.store.policyVersions(ctx, f)
	if err != nil {
		return listing, err
	}
	if len(rows) > limit {
		rows = rows[:limit]
		listing.NextCursor = cursor.Encode(rows[limit-1].Version)
	}
	for _, row := range rows {
		listing.Items = append(listing.Items, row.view())
	}
	return listing, nil
}

// SetPolicy puts a policy in force for an organisation that the actor sees; that
// of the whole installation is the root's to set. What is not sound is refused
// with every reason, and the old one stays. The change joins the audit chain
// before it is made. A repeat under the same key gives the first answer.
func (s *Service) SetPolicy(ctx context.Context, q contract.SetPolicy) (contract.Policy, error) {
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.ManagePolicies); err != nil {
		return contract.Policy{}, err
	}
	row := policyRow{Category: q.Category, Document: q.Document, CreatedAt: s.clock(), CreatedBy: actor.ID()}
	if err := s.checkPolicy(q); err != nil {
		return contract.Policy{}, err
	}
	var err error
	if row.Path, err = s.policyPath(ctx, actor, q.Organisation); err != nil {
		return contract.Policy{}, err
	}
	if bytes.Equal(row.Document, []byte("null")) {
		row.Document = nil
	}
	if row.Path == "" && row.Category == "" && row.Document == nil {
		return contract.Policy{}, fault.NewConflict("policy_needed", "the installation needs a policy of its own")
	}
	if err := s.auditPolicy(ctx, actor, q, row); err != nil {
		return contract.Policy{}, err
	}
	command := idempotency.Command{Key: q.Key, BodyHash: q.BodyHash, Now: s.clock()}
	answer, _, err := idempotency.Once(ctx, s.db, command, func(tx *sqlx.Tx) (contract.Policy, error) {
		err := s.store.insertPolicy(ctx, tx, &row)
		return row.view(), err
	})
	if err != nil {
		return contract.Policy{}, err
	}
	if err := s.refreshPolicies(ctx); err != nil {
		s.log.WarnContext(ctx, "take over a new policy", "error", err) // the sweep does
	}
	return answer, nil
}

// checkPolicy names everything that is wrong with a policy.
func (s *Service) checkPolicy(q contract.SetPolicy) error {
	ref, err := s.reference.Get()
	if err != nil {
		return err
	}
	c := check.New(ref)
	c.Token("organisation", q.Organisation)
	if q.Category != "" {
		c.Category("category", q.Category)
	}
	c.Text("reason", q.Reason, 1, 500)
	if err := c.Err(); err != nil {
		return err
	}
	if len(q.Document) == 0 || bytes.Equal(q.Document, []byte("null")) {
		return nil
	}
	decoder := json.NewDecoder(bytes.NewReader(q.Document))
	decoder.DisallowUnknownFields()
	var p rank.Policy
	if err := decoder.Decode(&p); err != nil {
		return fault.NewInvalid(fault.Field{Location: "document", Code: check.Malformed})
	}
	return p.Validate()
}

// policyPath returns the path of an organisation that the actor may set a policy
// for; empty for the whole installation.
func (s *Service) policyPath(ctx context.Context, actor contract.Actor, code string) (string, error) {
	if code == "" {
		if !actor.Sees(contract.RootPath) {
			return "", fault.NewForbidden("set the policy of the installation")
		}
		return "", nil
	}
	o, err := bus.Call(contract.WithActor(ctx, contract.System()), s.bus, contract.DirectoryOrganisation, contract.OrganisationByCode{Code: code})
	if err == nil && !actor.Sees(o.Path) {
		err = fault.NewNotFound("organisation")
	}
	return o.Path, err
}

func (s *Service) auditPolicy(ctx context.Context, actor contract.Actor, q contract.SetPolicy, row policyRow) error {
	entry := contract.AuditEntry{
		Key: "policy " + q.Key, Action: contract.ActSetPolicy, SubjectID: "policy " + row.Path + " " + row.Category, Path: row.Path, Reason: q.Reason,
	}
	if q.Key == "" {
		entry.Key = contract.NewID[string]()
	}
	if row.Path == "" {
		entry.Path = actor.Path
	}
	if _, err := bus.Call(ctx, s.bus, contract.DirectoryAudit, entry); err != nil {
		return fmt.Errorf("record a change of policy: %w", err)
	}
	return nil
}
