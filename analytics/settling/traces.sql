-- One row a trace of the chunk. An outcome that is said wins over one that was judged, and that over the root's status.
-- The root is the first of the spans without a parent, or else of those whose parent is not there; its number is that
-- of `place` with a bit above all times before it. The critical path is that of the tree under it: along it, a parent's
-- time without its children's. Edges are of spans that stand for something by themselves: who called whom, and what
-- came next within the same caller. Nodes and operations are numbers while they are counted: grouping by texts takes
-- about twice as long (ADR 32).
INSERT INTO settled_traces
WITH
    (
        SELECT (groupArray(self), groupArray(name))
        FROM
        (
            SELECT cityHash64(operation) AS self, toString(operation) AS name FROM settle_spans
            WHERE run = {run:UInt64}
            LIMIT 1 BY self
        )
    ) AS operations,
    (
        SELECT (groupArray(self), groupArray(toString(operation)), groupArray(toString(node)))
        FROM
        (
            SELECT cityHash64(operation, node) AS self, operation, node FROM settle_spans
            WHERE run = {run:UInt64}
            LIMIT 1 BY self
        )
    ) AS nodes,
    steps AS
    (
        SELECT id, trace_hash, place, self, error, ns, cost, near, cityHash64(trace_hash, near) AS caller
        FROM
        (
            SELECT
                id, trace_hash, place, cityHash64(operation, node) AS self, error, end_ns - start_ns AS ns,
                if(billable, cost_usd, NULL) AS cost
            FROM settle_spans
            WHERE run = {run:UInt64} AND operation != 'other' AND usage_role != 'duplicate'
        ) AS span
        INNER JOIN
        (
            SELECT id, near FROM settle_links WHERE run = {run:UInt64} AND round = {round:UInt8}
        ) AS link ON span.id = link.id
    ),
    ways AS
    (
        SELECT trace_hash, way, from, self, error, ns, cost
        FROM
        (
            SELECT
                trace_hash, near, self, error, ns, cost,
                lagInFrame(self) OVER (PARTITION BY caller ORDER BY place
                    ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) AS previous
            FROM steps
        ) AS step
        LEFT ANY JOIN
        (
            SELECT id, cityHash64(operation, node) AS self FROM settle_spans WHERE run = {run:UInt64}
        ) AS above ON step.near = above.id
        ARRAY JOIN [1, 2] AS way, [above.self, previous] AS from
        WHERE from != 0
    ),
    edge AS
    (
        SELECT
            trace_hash,
            groupArray(type) AS types, groupArray(from_node) AS from_nodes, groupArray(to_node) AS to_nodes,
            groupArray(many) AS counts, groupArray(errors) AS error_counts, groupArray(duration) AS durations,
            groupArray(tuple(cost_usd)).1 AS costs
        FROM
        (
            SELECT
                any(trace_hash) AS trace_hash, any(way) AS type, any(from) AS from_node, any(self) AS to_node,
                count() AS many, sum(error) AS errors, sum(ns) AS duration, sumKahan(cost) AS cost_usd
            FROM (SELECT *, cityHash64(trace_hash, way, from, self) AS one FROM ways)
            GROUP BY one
        )
        GROUP BY trace_hash
    )
SELECT
    due.anchor, figures.trace_id, {version:UInt64}, now64(3, 'UTC'),
    root_span_id,
    root_name,
    root_service,
    if(task != '', task, root_span_id) AS task_id,
    multiIf(said != '', said, judged.label != '', judged.label, root_missing, '', root_error, 'error', 'ok') AS task_outcome,
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
    CAST(arraySort(arrayMap((operation, ns) -> (transform(operation, operations.1, operations.2, ''), ns),
        critical.operations, critical.ns)), 'Map(LowCardinality(String), Int64)') AS critical_path_ns,
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
    arraySort(models),
    arraySort(prompt_versions),
    arraySort(releases),
    arraySort(tools_hashes),
    arraySort(dialects),
    edge.types,
    arrayMap(node -> transform(node, nodes.1, nodes.2, ''), edge.from_nodes),
    arrayMap(node -> transform(node, nodes.1, nodes.3, ''), edge.from_nodes),
    arrayMap(node -> transform(node, nodes.1, nodes.2, ''), edge.to_nodes),
    arrayMap(node -> transform(node, nodes.1, nodes.3, ''), edge.to_nodes),
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
                span.operation = 'tool' AND span.tool_arguments_hash != '') AS repeated_tool_calls,
        argMinIf(span.span_id, order_of_roots, link.depth = 0) AS root_span_id,
        argMinIf(span.name, order_of_roots, link.depth = 0) AS root_name,
        argMinIf(span.service, order_of_roots, link.depth = 0) AS root_service,
        argMinIf(span.error, order_of_roots, link.depth = 0) AS root_error,
        argMinIf(span.id, order_of_roots, link.depth = 0) AS root,
        groupUniqArrayIf(if(span.model_revision != '', span.model_revision, span.request_model) AS model, model != '') AS models,
        groupUniqArrayIf(span.prompt_version, span.prompt_version != '') AS prompt_versions,
        groupUniqArrayIf(span.release, span.release != '') AS releases,
        groupUniqArrayIf(span.tools_hash, span.tools_hash != '') AS tools_hashes,
        groupUniqArrayIf(span.dialect, span.dialect != '') AS dialects
    FROM (
        SELECT *, bitOr(place, bitShiftLeft(toUInt128(parent != 0), 127)) AS order_of_roots
        FROM settle_spans
        WHERE run = {run:UInt64}
    ) AS span
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
    SELECT tree, groupArray(operation) AS operations, groupArray(ns) AS ns
    FROM
    (
        SELECT tree, operation, sum(part) AS ns
        FROM
        (
            SELECT link.top AS tree, operation, part
            FROM
            (
                SELECT id, cityHash64(operation) AS own_operation, toInt64(end_ns - start_ns) AS ns FROM settle_spans
                WHERE run = {run:UInt64}
            ) AS span
            INNER JOIN
            (
                SELECT id, top, covered, cityHash64(settle_links.parent_operation) AS parent_operation FROM settle_links
                WHERE run = {run:UInt64} AND round = {round:UInt8} AND critical AND up = 0
            ) AS link ON span.id = link.id
            ARRAY JOIN [own_operation, parent_operation] AS operation, [ns, -covered] AS part
        )
        GROUP BY tree, operation
        HAVING ns != 0
    )
    GROUP BY tree
) AS critical ON figures.root = critical.tree
LEFT ANY JOIN
(
    SELECT
        cityHash64(trace_id) AS trace_hash,
        argMax(if(score_label != '', score_label, if(score_value >= 0.5, 'success', 'failure')),
            (time, evaluation_name)) AS label
    FROM events
    WHERE evaluation_name IN {evaluations:Array(String)} AND (score_label != '' OR score_value IS NOT NULL)
        AND time >= {since:DateTime64(3, 'UTC')} - INTERVAL 1 DAY
        AND trace_hash IN (SELECT trace_hash FROM settle_due WHERE run = {run:UInt64} AND chunk = {chunk:UInt32})
    GROUP BY trace_hash
) AS judged ON figures.trace_hash = judged.trace_hash
LEFT ANY JOIN edge ON figures.trace_hash = edge.trace_hash
