"""The reference notification service: what the contract asks for, built once, with named faults to prove the judge."""
