package notify

import (
	"context"
	"time"

	"heli/pkg/contract"
	"heli/pkg/fault"
)

// meetTime is how long a summary of an offer waits, once its address is known, for
// those of other offers with the same address: all of them are one letter.
const meetTime = 10 * time.Second

// meets returns until when a summary waits for others to the same address; nil where it
// has waited, or goes by itself. Requests are not joined: a letter is handed on, and one
// address stands for several people in need. Neither is an SMS, which has one link.
func (s *Service) meets(t messageTask, person contract.Reach) *time.Time {
	if !joins(t, person) || t.Person == person.Person {
		return nil
	}
	return new(s.now().Add(meetTime))
}

func joins(t messageTask, person contract.Reach) bool {
	return person.Summary && t.Thing == contract.ThingOffer && person.Channel == contract.ChannelMail && !person.Discreet
}

// tell sends a message that is still true to the person of a request or an offer, by
// itself or, where they want a summary, with all others that wait for them.
func (s *Service) tell(ctx context.Context, said saying) (result, error) {
	told := []saying{said}
	if said.person.Summary {
		var err error
		if told, err = s.gather(ctx, said); err != nil {
			return result{}, err
		}
	}
	return s.deliverTo(ctx, said.task, said.person, s.budgetOf(said.task), s.composer.compose(told, s.now()))
}

// gather returns what a summary tells of, the oldest first. What was settled before
// it goes is not told as open: it ends.
func (s *Service) gather(ctx context.Context, said saying) ([]saying, error) {
	address := ""
	if joins(said.task, said.person) {
		address = said.person.Person
	}
	tasks, err := s.worker.gatherMessages(ctx, said.task, said.person.Code, address, s.now())
	if err != nil {
		return nil, err
	}
	people, err := s.meet(ctx, said, tasks)
	if err != nil {
		return nil, err
	}
	var told []saying
	for _, t := range tasks {
		person, here := people[t.SubjectID]
		switch {
		case !here:
		case t.ID == said.task.ID:
			told = append(told, said)
		default:
			one, err := s.line(ctx, t, person)
			if err != nil {
				return nil, err
			}
			if one.task.ID != "" {
				told = append(told, one)
			}
		}
	}
	return told, nil
}

// line returns what a summary tells of one message; the zero one where that was settled
// and has ended.
func (s *Service) line(ctx context.Context, t messageTask, person contract.Reach) (saying, error) {
	one, reason, err := s.stillTrue(ctx, t)
	if err != nil {
		return saying{}, err
	}
	if one.person = person; reason == "" && !one.holds() {
		reason = reasonOutdated
	}
	if reason != "" {
		return saying{}, s.worker.endLine(ctx, t.ID, reason)
	}
	return one, nil
}

// meet returns the persons of all offers that a summary tells of, by the offer. One whose
// person is not to be written to now, or at another address, is told of by itself.
func (s *Service) meet(ctx context.Context, said saying, tasks []messageTask) (map[string]contract.Reach, error) {
	people, parted := map[string]contract.Reach{said.task.SubjectID: said.person}, map[string]bool{}
	for _, t := range tasks {
		if _, known := people[t.SubjectID]; known || parted[t.SubjectID] {
			continue
		}
		t.Attempt = said.task.Attempt
		person, err := s.reach(ctx, t, contract.AskReach{})
		if err != nil && !fault.Is(err, fault.NotFound) {
			return nil, err
		}
		if err == nil && person.Address != "" && joins(t, person) && person.Person == said.person.Person {
			people[t.SubjectID] = person
			err = s.worker.codeLines(ctx, said.task.ID, t.SubjectID, person.Code)
		} else {
			parted[t.SubjectID] = true
			err = s.worker.partLines(ctx, said.task.ID, t.SubjectID, s.now())
		}
		if err != nil {
			return nil, err
		}
	}
	return people, nil
}
