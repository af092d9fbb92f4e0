-- Findings whose life a run of this window can have changed: those that this window said something of, now or before,
-- and those that were not over when it ended.
SELECT DISTINCT finding_id
FROM
(
    SELECT finding_id
    FROM finding_observations
    WHERE job = {job:String} AND window_from = {from:DateTime64(3, 'UTC')} AND window_to = {to:DateTime64(3, 'UTC')}
    UNION ALL
    SELECT finding_id
    FROM finding_states FINAL
    WHERE job = {job:String}
        AND (state = 'open' OR resolved_at >= {to:DateTime64(3, 'UTC')} OR window_to >= {to:DateTime64(3, 'UTC')})
)
ORDER BY finding_id
