-- One row of facts about the window, and the age of the newest span of all: that part looks further back only when
-- the window is empty, so that a big table is not read for it.
WITH recent AS
(
    SELECT
        count() AS spans,
        uniq(service) AS services,
        uniqIf(tenant, tenant != '') AS tenants,
        uniqIf(request_model, request_model != '') AS models,
        sum(input_tokens) AS input_tokens,
        sum(output_tokens) AS output_tokens,
        max(started_at) AS newest
    FROM spans
    WHERE started_at >= now() - toIntervalHour({hours:UInt32})
)
SELECT
    spans, services, tenants, models, input_tokens, output_tokens,
    multiIf(
        spans > 0, greatest(0, dateDiff('second', newest, now64(9))),
        (SELECT count() FROM spans) = 0, NULL,
        dateDiff('second', (SELECT max(started_at) FROM spans), now64(9))) AS age_seconds
FROM recent
