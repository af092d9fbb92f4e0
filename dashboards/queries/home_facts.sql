-- One row of facts about the range, and the age of the newest span of all: that part looks further back only when
-- the range is empty, so that a big table is not read for it.
WITH recent AS
(
    SELECT
        count() AS spans,
        uniq(service) AS services,
        uniqIf(tenant, tenant != '') AS tenants,
        uniqIf(request_model, request_model != '') AS models,
        max(started_at) AS newest
    FROM spans
    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
)
SELECT
    spans, services, tenants, models,
    multiIf(
        spans > 0, greatest(0, dateDiff('second', newest, {now:DateTime64(3)})),
        (SELECT count() FROM spans) = 0, NULL,
        dateDiff('second', (SELECT max(started_at) FROM spans), {now:DateTime64(3)})) AS age_seconds
FROM recent
