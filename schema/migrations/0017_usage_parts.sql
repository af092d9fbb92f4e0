-- `usage` before it adds up what slices of acceptance have of one key: who sums over keys anyway need not pay for that.
CREATE VIEW IF NOT EXISTS usage_parts AS
SELECT * EXCEPT (slice, version, gone)
FROM
(
    SELECT * FROM usage_slices FINAL
    WHERE slice >= (SELECT max(until) FROM settle_marks WHERE name = 'hours')
    UNION ALL
    SELECT * FROM usage_hours FINAL
    WHERE slice < (SELECT max(until) FROM settle_marks WHERE name = 'hours')
);

-- The same as before, from the one place that says which rows count.
CREATE OR REPLACE VIEW usage AS
SELECT
    hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose,
    sum(part.calls) AS calls,
    sum(part.errors) AS errors,
    sum(part.unpriced_calls) AS unpriced_calls,
    sum(part.cache_reported_calls) AS cache_reported_calls,
    sum(part.cache_reported_input_tokens) AS cache_reported_input_tokens,
    sum(part.input_tokens) AS input_tokens,
    sum(part.cached_input_tokens) AS cached_input_tokens,
    sum(part.cache_write_tokens) AS cache_write_tokens,
    sum(part.output_tokens) AS output_tokens,
    sum(part.reasoning_tokens) AS reasoning_tokens,
    sumKahan(part.cost_usd) AS cost_usd,
    sumKahan(part.cost_input_usd) AS cost_input_usd,
    sumKahan(part.cost_cached_usd) AS cost_cached_usd,
    sumKahan(part.cost_write_usd) AS cost_write_usd,
    sumKahan(part.cost_output_usd) AS cost_output_usd,
    sumKahan(part.client_cost_usd) AS client_cost_usd,
    sumKahan(part.energy_kwh) AS energy_kwh,
    sumKahan(part.energy_kwh_low) AS energy_kwh_low,
    sumKahan(part.energy_kwh_high) AS energy_kwh_high,
    sumKahan(part.co2e_g) AS co2e_g
FROM usage_parts AS part
GROUP BY hour, tenant, provider, model, prompt_name, prompt_version, prompt_hash, feature, purpose;
