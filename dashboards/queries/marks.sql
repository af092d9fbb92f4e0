-- What began in the range: findings (reports are no events), and versions of prompts and revisions of models that nobody
-- called in the day before while another was called. `subject` is what a mark leads to; a version is dated by the hour.
-- Stored sums are read as they lie, also those that others have replaced: whether there was a call does not change.
WITH
    {from:DateTime64(3)} AS since,
    called AS
    (
        SELECT hour, provider, model, prompt_name, prompt_version FROM usage_hours
        WHERE hour >= since - toIntervalDay(1) AND hour < {to:DateTime64(3)} AND NOT gone
        UNION ALL
        SELECT hour, provider, model, prompt_name, prompt_version FROM usage_slices
        WHERE hour >= since - toIntervalDay(1) AND hour < {to:DateTime64(3)} AND NOT gone
    )
SELECT kind, severity, subject, title, at
FROM
(
    SELECT 'finding' AS kind, toString(severity) AS severity, toString(finding_id) AS subject,
        substringUTF8(findings.title, 1, 200) AS title,
        toInt64(toUnixTimestamp64Milli(toDateTime64(findings.first_seen, 3))) AS at
    FROM findings
    WHERE findings.first_seen >= since AND findings.first_seen < {to:DateTime64(3)} AND findings.severity != 'digest'
    UNION ALL
    SELECT 'prompt', '', prompt_name, concat(prompt_name, ': version ', prompt_version), toInt64(toUnixTimestamp(began)) * 1000
    FROM
    (
        SELECT toString(prompt_name) AS prompt_name, toString(prompt_version) AS prompt_version, min(hour) AS began,
            min(began) OVER (PARTITION BY prompt_name) AS earliest
        FROM called
        WHERE prompt_name != '' AND prompt_version != ''
        GROUP BY prompt_name, prompt_version
    )
    WHERE began > earliest AND began >= since
    UNION ALL
    SELECT 'model', '', model, concat('model ', model), toInt64(toUnixTimestamp(began)) * 1000
    FROM
    (
        SELECT toString(model) AS model, min(hour) AS began, min(began) OVER (PARTITION BY provider) AS earliest
        FROM called
        WHERE model != ''
        GROUP BY provider, model
    )
    WHERE began > earliest AND began >= since
)
ORDER BY at DESC
LIMIT 50
