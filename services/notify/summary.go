package notify

import (
	"context"

	"heli/pkg/contract"
)

// tell sends a message that is still true to the person of a request or an offer, by
// itself or, where they want a summary, with all others that wait for them.
func (s *Service) tell(ctx context.Context, said saying, person contract.Reach) (result, error) {
	told := []saying{said}
	if person.Summary {
		var err error
		if told, err = s.gather(ctx, said, person); err != nil {
			return result{}, err
		}
	}
	return s.deliverTo(ctx, said.task, person, s.budgetOf(said.task), s.composer.compose(told, person, s.now()))
}

// gather returns what a summary tells of, the oldest first. What was settled before
// it goes is not told as open: it ends.
func (s *Service) gather(ctx context.Context, said saying, person contract.Reach) ([]saying, error) {
	tasks, err := s.worker.gatherMessages(ctx, said.task, person.Code, s.now())
	if err != nil {
		return nil, err
	}
	var told []saying
	for _, t := range tasks {
		if t.ID == said.task.ID {
			told = append(told, said)
			continue
		}
		one, reason, err := s.stillTrue(ctx, t)
		if err != nil {
			return nil, err
		}
		if reason == "" && !one.holds(person) {
			reason = reasonOutdated
		}
		if reason == "" {
			told = append(told, one)
		} else if err := s.worker.endLine(ctx, t.ID, reason); err != nil {
			return nil, err
		}
	}
	return told, nil
}
