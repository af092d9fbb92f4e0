-- What a call costs. This is the only place where money is computed: the view that prices new spans reads it with
-- `source` hashed_spans, repricing reads it with the spans of one day. Columns that begin with m_ are steps on the way.
SELECT
    *,
    if(isNaN(m_input), NULL, m_input) AS m_cost_input_usd,
    if(isNaN(m_cached), NULL, m_cached) AS m_cost_cached_usd,
    if(isNaN(m_write), NULL, m_write) AS m_cost_write_usd,
    if(isNaN(m_output), NULL, m_output) AS m_cost_output_usd,
    if(coalesce(m_cost_input_usd, m_cost_cached_usd, m_cost_write_usd, m_cost_output_usd) IS NULL, NULL,
        ifNull(m_cost_input_usd, 0) + ifNull(m_cost_cached_usd, 0)
        + ifNull(m_cost_write_usd, 0) + ifNull(m_cost_output_usd, 0)) AS m_cost_usd,
    multiIf(NOT billable, 'none', m_rates.1 = '', 'unpriced',
        m_cost_input_usd IS NULL
        OR isNaN(m_cached)
        OR isNaN(m_write)
        -- a model that only reads has no output to be paid
        OR m_cost_output_usd IS NULL
            AND NOT (output_tokens IS NULL AND (isNaN(m_rates.7) OR operation IN ('embeddings', 'rerank')))
        OR m_rates.2 != m_mode, 'partial',
        'priced') AS m_cost_status,
    if(m_rates.2 = m_mode OR m_rates.1 = '', m_rates.1, concat(m_rates.1, ' (no price for ', m_mode, ')')) AS m_price_row,
    bitOr(bitAnd(flag_bits, bitNot(toUInt32(512))),
        if(m_cost_status = 'priced' AND abs(m_cost_usd - client_cost_usd) > 0.1 * m_cost_usd, 512, 0)) AS m_flag_bits
FROM
(
    -- parts in USD: NULL where no tokens were reported, NaN where there are tokens and no price
    SELECT
        *,
        multiIf(m_rates.1 = '', NULL, m_rates.13 > 0, 0., input_tokens IS NULL, NULL, m_uncached = 0, m_rates.12,
            m_uncached * m_rates.3 + m_rates.12
            + least(toFloat64(ifNull(audio_input_tokens, 0)), m_uncached) * (m_rates.9 - m_rates.3)) AS m_input,
        -- audio is taken to be cached only as far as there is more of it than uncached input
        multiIf(m_rates.1 = '' OR cached_input_tokens IS NULL, NULL, cached_input_tokens = 0, 0.,
            cached_input_tokens * m_rates.4
            + least(toFloat64(cached_input_tokens), greatest(toFloat64(ifNull(audio_input_tokens, 0)) - m_uncached, 0))
                * (m_rates.10 - m_rates.4)) AS m_cached,
        multiIf(m_rates.1 = '' OR cache_write_tokens IS NULL AND cache_write_1h_tokens IS NULL, NULL, m_written = 0, 0.,
            m_written * m_rates.5 + ifNull(cache_write_1h_tokens, 0) * (m_rates.6 - m_rates.5)) AS m_write,
        multiIf(m_rates.1 = '', NULL, m_rates.13 > 0, duration_ns / 1000000000 * m_rates.13,
            output_tokens IS NULL, NULL, output_tokens = 0, 0.,
            output_tokens * m_rates.7
            + least(ifNull(reasoning_tokens, 0), output_tokens) * (m_rates.8 - m_rates.7)
            + least(ifNull(audio_output_tokens, 0), output_tokens) * (m_rates.11 - m_rates.7)) AS m_output
    FROM
    (
        -- prices: agreed with this tenant, agreed for all, listed; a tier without a price of its own has the standard one
        SELECT
            *,
            if(m_model = '', tuple('', '', 0., 0., 0., 0., 0., 0., 0., 0., 0., 0., 0.),
                dictGet('price_rates', ('id', 'mode', 'input', 'cached', 'write', 'write_1h', 'output', 'reasoning',
                    'audio_input', 'audio_cached', 'audio_output', 'request', 'second'),
                dictGetOrDefault('price_plans', 'plan', (tenant, m_model, m_mode, toUInt16(0)), toDate(started_at),
                dictGetOrDefault('price_plans', 'plan', ('\t*', m_model, m_mode, toUInt16(0)), toDate(started_at),
                dictGetOrDefault('price_plans', 'plan', ('\tlist', m_model, m_mode, m_minute), toDate(started_at),
                dictGetOrDefault('price_plans', 'plan', (tenant, m_model, '', toUInt16(0)), toDate(started_at),
                dictGetOrDefault('price_plans', 'plan', ('\t*', m_model, '', toUInt16(0)), toDate(started_at),
                dictGetOrDefault('price_plans', 'plan', ('\tlist', m_model, '', m_minute), toDate(started_at),
                toUInt64(0))))))),
                ifNull(input_tokens, 0))) AS m_rates
        FROM
        (
            SELECT
                *,
                -- models whose price depends on the time of day
                if(m_model = '', 0, dictGetOrDefault('price_hours', 'from_minute', m_model,
                    toUInt16(intDiv(toUnixTimestamp(started_at) % 86400, 60)), toUInt16(0))) AS m_minute
            FROM
            (
                SELECT
                    *,
                    greatest(ifNull(cache_write_tokens, 0), ifNull(cache_write_1h_tokens, 0)) AS m_written,
                    greatest(toFloat64(ifNull(input_tokens, 0)) - ifNull(cached_input_tokens, 0) - m_written, 0) AS m_uncached,
                    transform(lower(service_tier), ['batch', 'flex', 'priority', 'fast'],
                        ['batch', 'flex', 'priority', 'fast'], '') AS m_mode,
                    dictGetOrDefault('price_providers', 'price_provider', lower(provider), '') AS m_provider,
                    -- a name like openai/gpt-4o says itself where it is sold; what runs on own machines has no list price
                    lower(if(position(model_revision, '/') > 0, model_revision, request_model)) AS m_path,
                    if(startsWith(m_provider, 'local/'), '?', dictGetOrDefault('price_providers', 'price_provider',
                        substring(m_path, 1, position(m_path, '/') - 1), '?')) AS m_seller,
                    substring(m_path, position(m_path, '/') + 1) AS m_sold,
                    -- the user's mapping, names spelled out, patterns; the model that answered before the one asked for
                    if(NOT billable, '',
                        dictGetOrDefault('model_names', 'model_key', ('*', lower(model_revision)),
                        dictGetOrDefault('model_names', 'model_key', (m_provider, lower(model_revision)),
                        dictGetOrDefault('model_rules', 'model_key', concat(m_provider, ' ', lower(model_revision)),
                        dictGetOrDefault('model_names', 'model_key', ('*', lower(request_model)),
                        dictGetOrDefault('model_names', 'model_key', (m_provider, lower(request_model)),
                        dictGetOrDefault('model_rules', 'model_key', concat(m_provider, ' ', lower(request_model)),
                        dictGetOrDefault('model_names', 'model_key', (m_seller, m_sold),
                        dictGetOrDefault('model_rules', 'model_key', concat(m_seller, ' ', m_sold), '')))))))))
                        AS m_model
                FROM {{ source }}
            )
        )
    )
)
