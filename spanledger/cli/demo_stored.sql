SELECT
    countIf(resource LIKE '%"spanledger.demo"%') AS own,
    count() - own AS others
FROM spans
