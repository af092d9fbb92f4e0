-- Names by which models were asked for in the range, with the revisions that answered.
SELECT
    request_model, uniqExact(model_revision) AS revisions, argMax(model_revision, started_at) AS newest_revision,
    count() AS calls
FROM spans
WHERE billable AND request_model != '' AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
GROUP BY request_model
ORDER BY revisions DESC, calls DESC
LIMIT 200
