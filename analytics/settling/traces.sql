-- One row a trace of the chunk. An outcome that is said wins over one that was judged, and that over the root's status.
-- The critical path is that of the tree under the main root: along it, a parent's time without its children's.
INSERT INTO settled_traces
SELECT
    due.anchor, figures.trace_id, {version:UInt64}, now64(3, 'UTC'),
    head.root.1 AS root_span_id,
    head.root.2 AS root_name,
    head.root.3 AS root_service,
    if(task != '', task, head.root.1) AS task_id,
    multiIf(said != '', said, judged.label != '', judged.label, root_missing, '', head.root.4, 'error', 'ok') AS task_outcome,
    multiIf(said != '', 'attribute', judged.label != '', 'evaluation', root_missing, 'none', 'status') AS task_outcome_source,
    tenant,
    user_id,
    session_id,
    feature,
    purpose,
    environment,
    fromUnixTimestamp64Nano(toInt64(first_ns), 'UTC') AS started_at,
    fromUnixTimestamp64Nano(toInt64(last_ns), 'UTC') AS ended_at,
    last_ns - first_ns AS duration_ns,
    critical.path AS critical_path_ns,
    spans,
    llm_calls,
    tool_calls,
    retrievals,
    errors,
    depth,
    orphans,
    root_missing,
    parent_cycles,
    duplicates,
    input_tokens,
    cached_input_tokens,
    cache_write_tokens,
    output_tokens,
    reasoning_tokens,
    cost_usd,
    client_cost_usd,
    unpriced_calls,
    energy_kwh,
    energy_kwh_low,
    energy_kwh_high,
    co2e_g,
    resends,
    failed_calls,
    failed_cost_usd,
    failed_tokens,
    repeated_tool_calls,
    version_sets.models AS models,
    version_sets.prompt_versions AS prompt_versions,
    version_sets.releases AS releases,
    version_sets.tools_hashes AS tools_hashes,
    version_sets.dialects AS dialects,
    edge.types, edge.from_kinds, edge.from_names, edge.to_kinds, edge.to_names,
    edge.counts, edge.error_counts, edge.durations, edge.costs
FROM
(
    SELECT
        span.trace_hash AS trace_hash,
        any(span.trace_id) AS trace_id,
        argMinIf(span.task_id, place, span.task_id != '') AS task,
        argMaxIf(span.task_outcome, place, span.task_outcome != '') AS said,
        min(span.start_ns) AS first_ns,
        max(span.end_ns) AS last_ns,
        argMinIf(span.tenant, place, span.tenant != '') AS tenant,
        argMinIf(span.user_id, place, span.user_id != '') AS user_id,
        argMinIf(span.session_id, place, span.session_id != '') AS session_id,
        argMinIf(span.feature, place, span.feature != '') AS feature,
        argMinIf(span.purpose, place, span.purpose != '') AS purpose,
        argMinIf(span.environment, place, span.environment != '') AS environment,
        count() AS spans,
        countIf(span.operation IN ('chat', 'completion', 'embeddings', 'rerank') AND span.usage_role NOT IN ('duplicate', 'rollup')) AS llm_calls,
        countIf(span.operation = 'tool' AND span.usage_role != 'duplicate') AS tool_calls,
        countIf(span.operation = 'retrieval' AND span.usage_role != 'duplicate') AS retrievals,
        countIf(span.error AND span.usage_role != 'duplicate') AS errors,
        maxIf(link.depth, link.up = 0) AS depth,
        countIf(link.depth = 0 AND span.parent != 0) AS orphans,
        countIf(span.parent = 0) = 0 AS root_missing,
        countIf(link.up != 0) > 0 AS parent_cycles,
        countIf(span.usage_role = 'duplicate') AS duplicates,
        sumIf(span.input_tokens, span.billable) AS input_tokens,
        sumIf(span.cached_input_tokens, span.billable) AS cached_input_tokens,
        sumIf(span.cache_write_tokens, span.billable) AS cache_write_tokens,
        sumIf(span.output_tokens, span.billable) AS output_tokens,
        sumIf(span.reasoning_tokens, span.billable) AS reasoning_tokens,
        sumKahanIf(span.cost_usd, span.billable) AS cost_usd,
        sumKahanIf(span.client_cost_usd, span.billable) AS client_cost_usd,
        countIf(span.billable AND span.unpriced) AS unpriced_calls,
        sumKahanIf(span.energy_kwh, span.billable) AS energy_kwh,
        sumKahanIf(span.energy_kwh_low, span.billable) AS energy_kwh_low,
        sumKahanIf(span.energy_kwh_high, span.billable) AS energy_kwh_high,
        sumKahanIf(span.co2e_g, span.billable) AS co2e_g,
        sumIf(span.attempt, span.usage_role != 'duplicate') AS resends,
        countIf(span.billable AND span.error) AS failed_calls,
        sumKahanIf(span.cost_usd, span.billable AND span.error) AS failed_cost_usd,
        sumIf(if(span.input_tokens IS NULL AND span.output_tokens IS NULL, NULL,
            ifNull(span.input_tokens, 0) + ifNull(span.output_tokens, 0)), span.billable AND span.error) AS failed_tokens,
        countIf(span.operation = 'tool' AND span.tool_arguments_hash != '')
            - uniqExactIf((span.tool_name, span.tool_arguments_hash),
                span.operation = 'tool' AND span.tool_arguments_hash != '') AS repeated_tool_calls
    FROM (SELECT * FROM settle_spans WHERE run = {run:UInt64}) AS span
    LEFT ANY JOIN
    (
        SELECT * FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}
    ) AS link ON span.id = link.id
    GROUP BY span.trace_hash
) AS figures
LEFT ANY JOIN
(
    SELECT trace_hash, anchor FROM settle_due WHERE run = {run:UInt64} AND chunk = {chunk:UInt32}
) AS due ON figures.trace_hash = due.trace_hash
LEFT ANY JOIN
(
    SELECT
        trace_hash,
        arraySort(groupUniqArrayIf(model, model != '')) AS models,
        arraySort(groupUniqArrayIf(prompt_version, prompt_version != '')) AS prompt_versions,
        arraySort(groupUniqArrayIf(release, release != '')) AS releases,
        arraySort(groupUniqArrayIf(tools_hash, tools_hash != '')) AS tools_hashes,
        arraySort(groupUniqArrayIf(dialect, dialect != '')) AS dialects
    FROM
    (
        SELECT DISTINCT
            trace_hash, if(model_revision != '', model_revision, request_model) AS model, prompt_version, release,
            tools_hash, dialect
        FROM settle_spans
        WHERE run = {run:UInt64}
    )
    GROUP BY trace_hash
) AS version_sets ON figures.trace_hash = version_sets.trace_hash
LEFT ANY JOIN
(
    SELECT trace_hash, argMin((span_id, name, service, error, id), (parent != 0, place)) AS root
    FROM settle_spans
    WHERE run = {run:UInt64}
        AND id IN (SELECT id FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8} AND depth = 0)
    GROUP BY trace_hash
) AS head ON figures.trace_hash = head.trace_hash
LEFT ANY JOIN
(
    SELECT tree, CAST(arraySort(groupArray((operation, ns))), 'Map(LowCardinality(String), Int64)') AS path
    FROM
    (
        SELECT link.top AS tree, step.1 AS operation, sum(step.2) AS ns
        FROM (SELECT id, operation, start_ns, end_ns FROM settle_spans WHERE run = {run:UInt64}) AS span
        INNER JOIN
        (
            SELECT id, top, covered, parent_operation FROM settle_links
            WHERE run = {run:UInt64} AND round = {round:UInt8} AND critical AND up = 0
        ) AS link ON span.id = link.id
        ARRAY JOIN [(span.operation, toInt64(end_ns - start_ns)), (parent_operation, -covered)] AS step
        GROUP BY tree, operation
        HAVING ns != 0
    )
    GROUP BY tree
) AS critical ON head.root.5 = critical.tree
LEFT ANY JOIN
(
    SELECT
        cityHash64(trace_id) AS trace_hash,
        argMax(if(score_label != '', score_label, if(score_value >= 0.5, 'success', 'failure')),
            (time, evaluation_name)) AS label
    FROM events
    WHERE evaluation_name IN {evaluations:Array(String)} AND (score_label != '' OR score_value IS NOT NULL)
        AND time >= {since:DateTime('UTC')} - INTERVAL 1 DAY
        AND trace_hash IN (SELECT trace_hash FROM settle_due WHERE run = {run:UInt64} AND chunk = {chunk:UInt32})
    GROUP BY trace_hash
) AS judged ON figures.trace_hash = judged.trace_hash
LEFT ANY JOIN
(
    SELECT
        trace_hash,
        groupArray(type) AS types,
        groupArray(from_kind) AS from_kinds,
        groupArray(from_name) AS from_names,
        groupArray(to_kind) AS to_kinds,
        groupArray(to_name) AS to_names,
        groupArray(count) AS counts,
        groupArray(errors) AS error_counts,
        groupArray(duration_ns) AS durations,
        groupArray(tuple(cost_usd)).1 AS costs
    FROM settle_edges
    WHERE run = {run:UInt64}
    GROUP BY trace_hash
) AS edge ON figures.trace_hash = edge.trace_hash
