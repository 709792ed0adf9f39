package directory

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jmoiron/sqlx"

	"heli/pkg/access"
	"heli/pkg/contract"
	"heli/pkg/fault"
	"heli/pkg/pg"
	"heli/pkg/reference"
	"heli/pkg/seal"
	"heli/services/directory/password"
	"heli/services/directory/seed"
)

// Service is the directory's use cases. It is safe for concurrent use, and
// several may work on one database.
type Service struct {
	db        *pg.DB // behind the wall of who acts, as store
	store     store
	worker    store // sees all, for the service's own work
	keys      *seal.Keys
	passwords *password.Hasher
	nobody    []byte // nobodysSecret, sealed
	clock     func() time.Time
	tell      func(subject string, message any)
	// openWork counts what is open at or below a path in the services that own it.
	openWork func(ctx context.Context, path string) (int64, error)
	// erased wakes the one who copies the journal of erasures.
	erased chan struct{}
	alarm  alarm

	mu     sync.Mutex // guards cached
	cached edition
}

// edition is the reference data of one version, as a message and as look-ups.
type edition struct {
	document contract.Reference
	snapshot *reference.Snapshot
}

// New returns a service that acts for others over db and does its own work over
// worker. Its use cases call tell after a commit, with the subject and message of
// a broadcast; tell must not block. An organisation ends only when openWork finds
// nothing at or below its path.
func New(db, worker *pg.DB, keys *seal.Keys, clock func() time.Time, tell func(subject string, message any),
	openWork func(ctx context.Context, path string) (int64, error),
) *Service {
	return &Service{
		db: db, store: store{db: db}, worker: store{db: worker}, keys: keys, passwords: password.New(),
		nobody: keys.Seal([]byte(nobodysSecret), FactorPart(nobodysFactor)), clock: clock, tell: tell,
		openWork: openWork, erased: make(chan struct{}, 1),
	}
}

func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// Seed loads the embedded reference data, when it is not what was loaded last,
// and makes the top organisation. Several at once wait for each other; a repeat
// changes nothing.
func (s *Service) Seed(ctx context.Context) error {
	hash, err := seed.Hash()
	if err != nil {
		return err
	}
	loaded := false
	err = s.worker.db.InTx(ctx, func(tx *sqlx.Tx) error {
		stored, err := s.store.lockReference(ctx, tx)
		if err != nil || stored == hash {
			return err
		}
		loaded = true
		return s.load(ctx, tx, hash)
	})
	if err != nil {
		return fmt.Errorf("load reference data: %w", err)
	}
	if loaded {
		s.tell(contract.ReferenceChanged, contract.Empty{})
	}
	return nil
}

func (s *Service) load(ctx context.Context, tx *sqlx.Tx, hash string) error {
	doc, err := seed.Read()
	if err != nil {
		return err
	}
	if err := s.store.upsertSeed(ctx, tx, doc); err != nil {
		return err
	}
	if err := s.ensureRoot(ctx, tx); err != nil {
		return err
	}
	if err := s.store.updateSeed(ctx, tx, hash); err != nil {
		return err
	}
	return s.store.bumpVersion(ctx, tx)
}

func (s *Service) ensureRoot(ctx context.Context, tx *sqlx.Tx) error {
	_, err := s.store.selectOrganisation(ctx, tx, rootCode)
	if !fault.Is(err, fault.NotFound) {
		return err
	}
	now := s.now()
	return s.store.insertOrganisation(ctx, tx, organisationRow{
		ID: string(contract.NewID[contract.OrganisationID]()), Code: rootCode, Name: "合力", Kind: "platform",
		Level: "country", RegionCode: rootRegion, Path: contract.RootPath, Coordinates: true, Verified: true,
		Specialties: []string{}, Version: 1, CreatedAt: now, UpdatedAt: now,
	})
}

// Reference returns the reference data, or none when the caller has the newest.
func (s *Service) Reference(ctx context.Context, q contract.AskReference) (contract.ReferenceAnswer, error) {
	e, err := s.edition(ctx)
	if err != nil || e.document.Version == q.Have {
		return contract.ReferenceAnswer{}, err
	}
	if !q.Unnamed {
		return contract.ReferenceAnswer{Reference: &e.document}, nil
	}
	unnamed := e.document
	unnamed.Regions = slices.Clone(unnamed.Regions)
	for i := range unnamed.Regions {
		unnamed.Regions[i].Names = nil
	}
	return contract.ReferenceAnswer{Reference: &unnamed}, nil
}

// edition returns the newest version, built once and kept.
func (s *Service) edition(ctx context.Context) (edition, error) {
	version, err := s.worker.selectVersion(ctx)
	if err != nil {
		return edition{}, pg.MapContext(ctx, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cached.snapshot != nil && s.cached.document.Version == version {
		return s.cached, nil
	}
	// A change in the meantime makes the content newer than the version says;
	// then the version of the next call differs and it is built again.
	document, err := s.build(ctx, version)
	if err != nil {
		return edition{}, pg.MapContext(ctx, err)
	}
	s.cached = edition{document: document, snapshot: reference.NewSnapshot(document)}
	return s.cached, nil
}

func (s *Service) build(ctx context.Context, version int64) (contract.Reference, error) {
	doc := contract.Reference{Version: version, Coordinators: map[string]contract.OrganisationRef{}}
	var err error
	if doc.Regions, err = s.worker.listRegions(ctx); err != nil {
		return doc, err
	}
	if doc.Categories, err = s.worker.listCategories(ctx); err != nil {
		return doc, err
	}
	if doc.Items, err = s.worker.listItems(ctx); err != nil {
		return doc, err
	}
	coordinators, err := s.worker.listCoordinators(ctx)
	if err != nil {
		return doc, err
	}
	for _, o := range coordinators {
		doc.Coordinators[o.RegionCode] = o.ref()
	}
	root, err := s.worker.selectOrganisation(ctx, s.worker.db, rootCode)
	doc.Root = root.ref()
	return doc, err
}

// Organisation returns an organisation by its code. All staff may ask for any,
// since referrals go across the tree, past the wall, or for those that they see;
// the public may not.
func (s *Service) Organisation(ctx context.Context, q contract.OrganisationByCode) (contract.Organisation, error) {
	if err := access.Require(contract.ActorFrom(ctx), access.ReadOrganisations); err != nil {
		return contract.Organisation{}, err
	}
	look := s.worker
	if q.Seen {
		look = s.store
	}
	row, err := look.selectOrganisation(ctx, look.db, q.Code)
	return row.message(), pg.MapContext(ctx, err)
}

// Register stores an organisation below one that the actor administers, or
// changes it under a known code. Its code and parent stay as they were first.
// A repeat changes nothing and says so.
func (s *Service) Register(ctx context.Context, d contract.OrganisationDraft) (contract.RegisteredOrganisation, error) {
	var answer contract.RegisteredOrganisation
	actor := contract.ActorFrom(ctx)
	if err := access.Require(actor, access.Register); err != nil {
		return answer, err
	}
	e, err := s.edition(ctx)
	if err != nil {
		return answer, err
	}
	if err := checkOrganisation(e.snapshot, d); err != nil {
		return answer, err
	}
	if d.ParentCode == "" {
		d.ParentCode = rootCode
	}
	var stored registration
	err = s.db.InTx(ctx, func(tx *sqlx.Tx) error {
		stored, err = s.register(ctx, tx, actor, d)
		return err
	})
	if err != nil {
		return answer, err
	}
	if stored.reference {
		s.tell(contract.ReferenceChanged, contract.Empty{})
	}
	return contract.RegisteredOrganisation{Organisation: stored.row.message(), Outcome: stored.outcome}, nil
}

// registration is what became of a draft; reference says that the reference
// data changed with it.
type registration struct {
	row       organisationRow
	outcome   string
	reference bool
}

func (s *Service) register(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, d contract.OrganisationDraft) (registration, error) {
	if _, err := s.store.lockReference(ctx, tx); err != nil {
		return registration{}, err
	}
	parent, err := s.visible(ctx, tx, actor, d.ParentCode)
	if err != nil {
		return registration{}, err
	}
	existing, err := s.store.lockOrganisation(ctx, tx, d.Code)
	var done registration
	switch {
	case fault.Is(err, fault.NotFound):
		done, err = s.create(ctx, tx, parent, d)
	case err == nil:
		done, err = s.change(ctx, tx, actor, existing, parent, d)
	}
	if err != nil || done.outcome == outcomeUnchanged {
		return done, err
	}
	if done.reference {
		if err := s.store.bumpVersion(ctx, tx); err != nil {
			return done, err
		}
	}
	return done, s.record(ctx, tx, done.row.ID, newAuditEntry(contract.ActRegisterOrganisation, done.row.ID))
}

// visible returns the organisation of a code when the actor sees it.
func (s *Service) visible(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, code string) (organisationRow, error) {
	row, err := s.store.selectOrganisation(ctx, tx, code)
	if err == nil && !actor.Sees(row.Path) {
		return organisationRow{}, fault.NewNotFound("organisation")
	}
	if err == nil && row.EndedAt != nil {
		return row, errEnded
	}
	return row, err
}

func (s *Service) create(ctx context.Context, tx *sqlx.Tx, parent organisationRow, d contract.OrganisationDraft) (registration, error) {
	if d.ID == "" {
		d.ID = contract.NewID[contract.OrganisationID]()
	}
	if strings.EqualFold(d.Code, parent.Code) {
		return registration{}, errCycle
	}
	now := s.now()
	row := organisationRow{
		ID: string(d.ID), Code: d.Code, Name: d.Name, Kind: d.Kind, Level: d.Level, RegionCode: d.RegionCode,
		ParentID: sql.NullString{String: parent.ID, Valid: true}, ParentCode: parent.Code,
		Path: childPath(parent.Path, d.Code), Coordinates: d.Coordinates, Verified: d.Verified,
		Specialties: sorted(d.Specialties), Contact: d.ContactPerson, Version: 1, CreatedAt: now, UpdatedAt: now,
	}
	err := s.store.insertOrganisation(ctx, tx, row)
	return registration{row: row, outcome: outcomeCreated, reference: row.Coordinates}, err
}

// change applies a draft to the organisation that has its code. A verified one
// stays verified, and what the draft leaves out stays: lists that people import
// do not say it.
func (s *Service) change(ctx context.Context, tx *sqlx.Tx, actor contract.Actor, old, parent organisationRow, d contract.OrganisationDraft) (registration, error) {
	switch {
	case old.Code == rootCode:
		return registration{}, errRootFixed
	case !actor.Sees(old.Path):
		return registration{}, errCodeTaken
	case old.EndedAt != nil:
		return registration{}, errEnded
	}
	if err := sameParent(old, parent); err != nil {
		return registration{}, err
	}
	row := old
	row.Name, row.Kind, row.Level, row.RegionCode = d.Name, d.Kind, d.Level, d.RegionCode
	row.Coordinates, row.Verified = d.Coordinates, old.Verified || d.Verified
	row.Contact = cmp.Or(d.ContactPerson, old.Contact)
	if d.Specialties != nil {
		row.Specialties = sorted(d.Specialties)
	}
	if reflect.DeepEqual(row, old) {
		return registration{row: old, outcome: outcomeUnchanged}, nil
	}
	row.Version, row.UpdatedAt = old.Version+1, s.now()
	err := s.store.updateOrganisation(ctx, tx, row)
	return registration{row: row, outcome: outcomeChanged, reference: old.Coordinates || row.Coordinates}, err
}
