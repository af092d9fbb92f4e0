-- Which model a call that names none was of: the one of the nearest span above it, of the same dialect, that names one.
INSERT INTO settle_changes (row, cell, slice, bill, winner)
WITH above AS
(
    SELECT id, parent, dialect, if(model_revision != '', model_revision, request_model) AS model
    FROM settle_spans
    WHERE run = {run:UInt64}
)
SELECT
    row, intDiv(toUnixTimestamp64Nano(started_at), 10000000000), toStartOfInterval(ingested_at, toIntervalSecond({slice:UInt32})),
    true, multiIf(one.model != '', one.model, two.model != '', two.model, three.model) AS named
FROM
(
    SELECT row, parent, dialect, started_at, ingested_at
    FROM settle_spans
    WHERE run = {run:UInt64} AND billable AND operation IN ('chat', 'completion') AND request_model = '' AND model_revision = ''
) AS call
LEFT ANY JOIN above AS one ON one.id = call.parent AND one.dialect = call.dialect
LEFT ANY JOIN above AS two ON two.id = one.parent AND two.dialect = call.dialect
LEFT ANY JOIN above AS three ON three.id = two.parent AND three.dialect = call.dialect
WHERE named != ''
