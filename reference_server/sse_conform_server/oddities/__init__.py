"""Named oddities: each makes the reference service unusual and leaves it right, so that no rule may fail on it."""
