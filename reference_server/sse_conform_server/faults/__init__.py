"""Named faults: each makes the reference service break one thing in a way seen in the wild."""
