SELECT silence_id, matchers, starts_at, ends_at
FROM alert_silences FINAL
WHERE starts_at <= {now:DateTime64(3, 'UTC')} AND ends_at > {now:DateTime64(3, 'UTC')}
ORDER BY silence_id
