SELECT channel, kind, toString(state) AS state, since, error, waiting, sent_at FROM alert_channels FINAL ORDER BY channel
