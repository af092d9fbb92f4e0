SELECT silence_id, matchers, starts_at, ends_at, created_by, comment
FROM alert_silences FINAL
WHERE ends_at > {now:DateTime64(3, 'UTC')}
ORDER BY ends_at, silence_id
