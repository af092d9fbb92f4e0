-- Sums of billable spans by slice of acceptance. What a slice had and has no longer is written as gone, but not what
-- went with a whole day of spans: sums outlive them.
INSERT INTO {table:Identifier}
SELECT
    slice, hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose,
    sum(had.calls), sum(had.errors), sum(had.unpriced_calls), sum(had.cache_reported_calls),
    sum(had.cache_reported_input_tokens), sum(had.input_tokens), sum(had.cached_input_tokens),
    sum(had.cache_write_tokens), sum(had.output_tokens), sum(had.reasoning_tokens),
    sumKahan(had.cost_usd), sumKahan(had.cost_input_usd), sumKahan(had.cost_cached_usd), sumKahan(had.cost_write_usd),
    sumKahan(had.cost_output_usd), sumKahan(had.client_cost_usd), sumKahan(had.energy_kwh),
    sumKahan(had.energy_kwh_low), sumKahan(had.energy_kwh_high), sumKahan(had.co2e_g),
    {version:UInt64},
    sum(had.calls) = 0
FROM
(
    SELECT
        toStartOfInterval(ingested_at, toIntervalSecond({width:UInt32}), 'UTC') AS slice,
        toStartOfHour(started_at) AS hour,
        tenant,
        provider,
        if(model_revision != '', model_revision, request_model) AS model,
        prompt_name,
        prompt_version,
        if(prompt_name = '', prompt_hash, '') AS prompt_hash,
        feature,
        purpose,
        count() AS calls,
        countIf(status = 'error') AS errors,
        countIf(cost_status = 'unpriced') AS unpriced_calls,
        countIf(spans.cached_input_tokens IS NOT NULL) AS cache_reported_calls,
        ifNull(sumIf(spans.input_tokens, spans.cached_input_tokens IS NOT NULL), 0) AS cache_reported_input_tokens,
        sum(spans.input_tokens) AS input_tokens, sum(spans.cached_input_tokens) AS cached_input_tokens,
        sum(spans.cache_write_tokens) AS cache_write_tokens, sum(spans.output_tokens) AS output_tokens,
        sum(spans.reasoning_tokens) AS reasoning_tokens,
        sumKahan(spans.cost_usd) AS cost_usd, sumKahan(spans.cost_input_usd) AS cost_input_usd,
        sumKahan(spans.cost_cached_usd) AS cost_cached_usd, sumKahan(spans.cost_write_usd) AS cost_write_usd,
        sumKahan(spans.cost_output_usd) AS cost_output_usd, sumKahan(spans.client_cost_usd) AS client_cost_usd,
        sumKahan(spans.energy_kwh) AS energy_kwh, sumKahan(spans.energy_kwh_low) AS energy_kwh_low,
        sumKahan(spans.energy_kwh_high) AS energy_kwh_high, sumKahan(spans.co2e_g) AS co2e_g
    FROM spans
    WHERE billable
        AND ingested_at >= {first:DateTime('UTC')} AND ingested_at < {last:DateTime('UTC')} + {width:UInt32}
        AND toStartOfInterval(ingested_at, toIntervalSecond({width:UInt32}), 'UTC') IN {slices:Array(DateTime('UTC'))}
    GROUP BY slice, hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose
    UNION ALL
    SELECT
        slice, hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose,
        0, 0, 0, 0, 0, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
    FROM {table:Identifier} FINAL
    WHERE slice IN {slices:Array(DateTime('UTC'))} AND toYYYYMMDD(hour) IN
    (
        SELECT toUInt32OrZero(partition) FROM system.parts
        WHERE database = currentDatabase() AND table = 'spans' AND active
    )
) AS had
GROUP BY slice, hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose
