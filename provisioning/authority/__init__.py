"""P Hub side of enrolment: tokens, certificates."""
