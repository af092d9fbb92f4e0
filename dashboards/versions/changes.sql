-- Each version beside the one before it: n, mean and variance of every figure. A call counts as the newer side of one
-- pair and as the older side of the next. SUBJECT and VERSION are columns of spans.
SELECT
    pair.1 AS place, item.1 AS figure, countIf(pair.2 = 0) AS n_before, countIf(pair.2 = 1) AS n_after,
    avgIf(item.2, pair.2 = 0) AS before, avgIf(item.2, pair.2 = 1) AS after,
    varSampIf(item.2, pair.2 = 0) AS variance_before, varSampIf(item.2, pair.2 = 1) AS variance_after
FROM
(
    SELECT
        indexOf({versions:Array(String)}, VERSION) AS position,
        arrayFilter(each -> isNotNull(each.2), [
            ('cost_usd', spans.cost_usd),
            ('seconds', duration_ns / 1e9),
            ('input_tokens', toFloat64(spans.input_tokens)),
            ('output_tokens', toFloat64(spans.output_tokens)),
            ('hit_rate', if(ifNull(spans.input_tokens, 0) = 0, NULL, cached_input_tokens / spans.input_tokens)),
            ('error_rate', toFloat64(status = 'error')),
            ('refusal_rate', toFloat64(has(finish_reasons, 'content_filter')))
        ]) AS figures
    FROM spans
    WHERE billable AND SUBJECT = {subject:String} AND VERSION IN {versions:Array(String)}
        AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
)
ARRAY JOIN figures AS item
ARRAY JOIN [(position, 1), (position + 1, 0)] AS pair
WHERE pair.1 BETWEEN 2 AND length({versions:Array(String)})
GROUP BY place, figure
ORDER BY place, figure
