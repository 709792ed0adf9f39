package matcher

import (
	"context"

	"heli/pkg/access"
	"heli/pkg/contract"
)

// Own returns what is kept of the person whose token asks, besides their matches
// and asks. Of complaints about them it tells the number, and only where that does
// not tell who complained.
func (s *Service) Own(ctx context.Context, _ contract.Empty) (contract.OwnMatches, error) {
	own := contract.OwnMatches{
		Complaints: []contract.OwnComplaint{}, Appointments: []contract.Appointment{}, Steps: []contract.OwnStep{}, Weeks: []contract.OwnWeek{},
	}
	a := contract.ActorFrom(ctx)
	if err := access.Require(a, access.ExportOwn); err != nil || !contract.ValidID(a.Subject) {
		return own, err
	}
	if err := s.store.selectOwn(ctx, a.Subject, &own); err != nil {
		return own, err
	}
	about, err := s.store.complaintsAbout(ctx)
	if err != nil {
		return own, err
	}
	own.About = about.told()
	rows, err := s.store.ownAppointments(ctx, a.Subject)
	own.Appointments = append(own.Appointments, s.appointmentViews(ctx, a.Role, rows)...)
	return own, err
}

// told leaves out what would tell who complained.
func (r aboutRow) told() contract.AboutOneself {
	if r.People < contract.OwnPeople {
		return contract.AboutOneself{}
	}
	return contract.AboutOneself{Told: true, Open: r.Open, Closed: r.Closed}
}
