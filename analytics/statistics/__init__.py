"""Statistics that more than one job may want: arrays in, numbers out, no engine, no clock, given seeds."""
