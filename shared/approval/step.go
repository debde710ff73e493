package approval

import (
	"context"

	"github.com/firefinder/firefinder/shared/workflow"
)

// ProposeStep is Propose in the shape of a step: it has no output.
func (s *Service) ProposeStep(ctx context.Context, in workflow.Proposal) (struct{}, error) {
	return struct{}{}, s.Propose(ctx, in)
}
