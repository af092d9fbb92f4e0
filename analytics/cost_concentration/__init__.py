"""Who costs how much: shares, tail, movers, customers that cost more than they pay or run away. See `job.JOB`."""
