-- What was summed already and is about to change; written down first, so that a crash between the two is no loss.
INSERT INTO dirty_slices (slice) SELECT DISTINCT slice FROM settle_changes WHERE slice < {summed:DateTime64(3, 'UTC')}
