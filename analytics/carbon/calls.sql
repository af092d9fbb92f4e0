-- The window's billable calls, read once: what they burnt and emitted. A row is a dimension's value and how it was worked
-- out: factor set, measured or modelled; its grids are in arrays. Tasks of two methods do not add up, so there are rows
-- for a value's calls of all methods, too (`whole`). Of each dimension the values that burnt most stand by name, the
-- others in one row (`rest`). The number of many thousand tasks is an estimate, within a percent.
--
-- A call belongs to the task of its trace, if that trace began in the window and is settled; a feature or tenant that the
-- call does not name is its trace's. Market-based carbon is kept apart, for the places that have such an intensity.
WITH
    settled AS
    (
        SELECT
            cityHash64(trace_id) AS trace_hash, cityHash64(tenant, task_id) AS task,
            lower(task_outcome) IN {resolved:Array(String)} AS resolved, feature, tenant, energy_kwh
        FROM settled_traces FINAL
        -- the anchor is the start of the span that came first: the trace's own, or a little later
        WHERE anchor >= toDateTime({from:DateTime64(3)}, 'UTC') AND anchor < {to:DateTime64(3)} + INTERVAL 1 HOUR
            AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND task_id != ''
    ),
    -- there may be 100,000 tenants: those that may be among the first are found before, so that the rest need no cells
    first_tenants AS
    (
        SELECT tenant FROM settled GROUP BY tenant ORDER BY sum(energy_kwh) DESC, tenant LIMIT {most:UInt32}
        UNION ALL
        SELECT tenant FROM usage_tenants ORDER BY kwh DESC, tenant LIMIT {most:UInt32}
    ),
    usage_tenants AS
    (
        SELECT tenant, sum(energy_kwh) AS kwh
        FROM usage_parts
        WHERE hour >= toStartOfHour({from:DateTime64(3)}) AND hour < {to:DateTime64(3)}
        GROUP BY tenant
    ),
    calls AS
    (
        SELECT
            started_at, energy_factors, energy_source, grid, energy_kwh, energy_kwh_low, energy_kwh_high, co2e_g,
            input_tokens, cached_input_tokens, output_tokens, service_tier, provider, provider_region, region,
            settled.task AS task, settled.resolved AS resolved,
            spans.purpose AS purpose,
            if(spans.feature != '', spans.feature, settled.feature) AS feature,
            if(spans.tenant != '', spans.tenant, settled.tenant) AS tenant,
            if(model_revision != '', model_revision, request_model) AS model,
            multiIf(cached_input_tokens IS NULL OR input_tokens IS NULL, 'not reported', cached_input_tokens = 0, 'none',
                cached_input_tokens * 2 < input_tokens, 'partial', 'mostly') AS cache,
            tenant IN (SELECT tenant FROM first_tenants) AS tenant_is_named,
            -- a text by itself is hashed once for each value of its dictionary
            cityHash64(cityHash64(energy_factors), energy_source, cityHash64(grid)) AS method,
            cityHash64(
                if(spans.feature != '', cityHash64(spans.feature), cityHash64(settled.feature)),
                if(model_revision != '', cityHash64(model_revision), cityHash64(request_model)),
                cityHash64(provider), cityHash64(provider_region), cityHash64(region), cityHash64(purpose),
                cityHash64(service_tier), cache, task = 0, method) AS cell,
            cityHash64(if(tenant_is_named, tenant, ''), tenant_is_named, task = 0, method) AS tenant_cell
        FROM spans
        LEFT ANY JOIN settled ON cityHash64(spans.trace_id) = settled.trace_hash
        WHERE billable AND started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
    ),
    cells AS
    (
        SELECT
            grouping(cell) = 0 AS small,
            any(feature) AS feature, any(tenant) AS tenant, any(tenant_is_named) AS named_tenant, any(model) AS model,
            any(purpose) AS purpose, any(service_tier) AS tier, any(cache) AS cache, any(task) = 0 AS unassigned,
            any(provider) AS provider, any(provider_region) AS provider_region, any(region) AS service_region,
            min(started_at) AS first_at,
            any(energy_factors) AS factors, any(energy_source) AS source, any(grid) AS grid,
            count() AS calls, count(calls.co2e_g) AS calls_with_co2e,
            sumKahan(calls.energy_kwh) AS kwh, sumKahan(calls.energy_kwh_low) AS kwh_low,
            sumKahan(calls.energy_kwh_high) AS kwh_high, sumKahan(calls.co2e_g) AS co2e_g,
            sum(calls.co2e_g * calls.co2e_g) AS co2e_g_squared,
            sum(calls.input_tokens) AS input_tokens, sum(calls.output_tokens) AS output_tokens,
            uniqCombinedIfState(16)(calls.task, calls.task != 0) AS tasks, uniqCombinedIfState(16)(calls.task, resolved) AS resolved_tasks,
            uniqState(calls.tenant) AS tenants
        FROM calls
        GROUP BY GROUPING SETS ((cell), (tenant_cell))
    ),
    named AS
    (
        SELECT *, pair.1 AS dimension, pair.2 AS value,
            dictGetOrNull('grid_rows', 'g_per_kwh', dictGet('grid_days', 'row', coalesce(
                dictGetOrNull('grid_names', 'series', concat('market/', replaceAll(lower(
                    if(provider_region = '' AND provider IN {local_providers:Array(String)}, service_region, provider_region)), ' ', ''))),
                if({default_place:String} = '', dictGetOrNull('grid_names', 'series', concat('market/provider:', provider)),
                    cityHash64('market', lower({default_place:String}))),
                cityHash64('market', 'world')), toDate(first_at))) AS market
        FROM cells
        ARRAY JOIN if(small,
            [
                ('all', ''), ('feature', toString(feature)), ('model', toString(model)), ('purpose', toString(purpose)),
                ('region', toString(if(provider_region != '', provider_region, service_region))),
                ('tier', toString(tier)), ('cache', cache),
                ('batch', if(tier = 'batch' OR purpose = 'batch', 'batch', 'interactive')),
                ('task', if(unassigned, 'unassigned', 'assigned'))
            ],
            [('tenant', if(named_tenant, toString(tenant), ''))]) AS pair
    ),
    ranked AS
    (
        SELECT *, (dimension = 'tenant' AND NOT named_tenant)
            OR dense_rank() OVER (PARTITION BY dimension, small, named_tenant OR small
                ORDER BY value_kwh DESC, value_calls DESC, value) > {most:UInt32} AS rest
        FROM
        (
            SELECT *, sum(ifNull(kwh, 0)) OVER (PARTITION BY dimension, value, small, named_tenant OR small) AS value_kwh,
                sum(calls) OVER (PARTITION BY dimension, value, small, named_tenant OR small) AS value_calls
            FROM named
        )
    ),
    -- merging tasks is what costs most here, so it is done once for each method
    by_method AS
    (
        SELECT
            dimension, if(rest, '', value) AS shown, rest, factors, source,
            groupArray(toString(grid)) AS grids, groupArray(tuple(ranked.calls)).1 AS grid_calls,
            groupArray(tuple(ranked.kwh)).1 AS grid_kwh, groupArray(tuple(ranked.kwh_low)).1 AS grid_kwh_low,
            groupArray(tuple(ranked.kwh_high)).1 AS grid_kwh_high, groupArray(tuple(ranked.co2e_g)).1 AS grid_co2e_g,
            uniqExactState(value) AS values, uniqMergeStateIf(ranked.tenants, NOT small) AS tenants,
            sum(ranked.calls) AS calls, sum(ranked.calls_with_co2e) AS calls_with_co2e, sumKahan(ranked.kwh) AS kwh,
            sumKahan(ranked.co2e_g) AS co2e_g,
            sumKahanIf(ranked.kwh, NOT unassigned) AS kwh_in_tasks, sumKahanIf(ranked.co2e_g, NOT unassigned) AS co2e_g_in_tasks,
            sum(ranked.co2e_g_squared) AS co2e_g_squared,
            sum(ranked.input_tokens) AS input_tokens, sum(ranked.output_tokens) AS output_tokens,
            uniqCombinedIfMergeState(16)(ranked.tasks) AS tasks, uniqCombinedIfMergeState(16)(ranked.resolved_tasks) AS resolved_tasks,
            sumKahan(ranked.kwh * market) AS market_g, sumKahanIf(ranked.kwh, market IS NOT NULL) AS market_kwh
        FROM ranked
        GROUP BY dimension, shown, rest, factors, source
    )
SELECT
    dimension, shown, rest, grouping(source) AS whole, toString(factors) AS factors, toString(source) AS source,
    if(dimension = 'tenant', uniqMerge(tenants), uniqExactMerge(values)) AS values,
    sum(by_method.calls) AS calls, sum(by_method.calls_with_co2e) AS calls_with_co2e, sumKahan(by_method.kwh) AS kwh,
    sumKahan(by_method.co2e_g) AS co2e_g, sumKahan(by_method.kwh_in_tasks) AS kwh_in_tasks,
    sumKahan(by_method.co2e_g_in_tasks) AS co2e_g_in_tasks, sum(by_method.co2e_g_squared) AS co2e_g_squared,
    sum(by_method.input_tokens) AS input_tokens, sum(by_method.output_tokens) AS output_tokens,
    uniqCombinedIfMerge(16)(by_method.tasks) AS tasks, uniqCombinedIfMerge(16)(by_method.resolved_tasks) AS resolved_tasks,
    sumKahan(by_method.market_g) AS market_g, sumKahan(by_method.market_kwh) AS market_kwh,
    any(by_method.grids) AS grids, any(by_method.grid_calls) AS grid_calls, any(by_method.grid_kwh) AS grid_kwh,
    any(by_method.grid_kwh_low) AS grid_kwh_low, any(by_method.grid_kwh_high) AS grid_kwh_high,
    any(by_method.grid_co2e_g) AS grid_co2e_g
FROM by_method
GROUP BY GROUPING SETS ((dimension, shown, rest, factors, source), (dimension, shown, rest))
ORDER BY dimension, rest, shown, whole DESC, kwh DESC, source
