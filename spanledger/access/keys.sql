-- All keys, the newest first, with when they were used last.
SELECT
    key_id, name, toString(role) AS role, tenants, sha256, created_at, created_by, expires_at, revoked_at,
    toUnixTimestamp64Milli(expires_at) / 1000 AS expires_unix, nullIf(used_at, toDateTime64(0, 3, 'UTC')) AS used_at, version
FROM (SELECT * FROM api_keys FINAL) AS api_keys
LEFT JOIN (SELECT key_id, max(used_at) AS used_at FROM api_key_uses GROUP BY key_id) AS uses USING (key_id)
ORDER BY created_at DESC, key_id
