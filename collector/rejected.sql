SELECT id, signal, items, bytes, reason, file
FROM rejected FINAL
WHERE state = 'quarantined'
ORDER BY at, id
