-- Traces of a range as histograms, those of the filter (`meant`) and a sample of all others: for each slot, signal, stratum and
-- value how often it was there (`n`), and by metric of signals.METRICS the amount (`amounts`) and what it is per (`bases`), of
-- which each value of a trace has its part. Spans are counted, loops by their calls, and what users do by their sessions, for a
-- machine tries again in a thousand traces. A value that was not sent is no row; rare values of a signal are one: '…'.
WITH
    traced AS
    (
        WITH
            amount -> toString(floor(log2(toFloat64(ifNull(amount, 0)) + 1e-9) * 2)) AS halves,
            score -> toString(floor(score * 20)) AS twentieths
        SELECT
            trace_id,
            any(is_meant) AS meant,
            toDateTime64(toStartOfInterval(min(started_at), toIntervalMinute({minutes:UInt32})), 3, 'UTC') AS slot,
            argMinIf((user_characters, input_tokens, family, lower(locale), user_sketch), (user_characters = 0, started_at), is_model)
                AS first_call,
            anyIf(toString(tenant), tenant != '') AS who,
            anyIf(user_id, user_id != '') AS person,
            anyIf(session_id, session_id != '') AS session,
            countIf(operation = 'tool') AS tool_calls,
            [
                sumIf(ifNull(cost_usd, 0), billable),
                sumIf(ifNull(energy_kwh, 0), billable),
                toFloat64(sumIf(input_tokens - least(cached_input_tokens, input_tokens),
                    billable AND input_tokens IS NOT NULL AND cached_input_tokens IS NOT NULL)),
                toFloat64(countIf(is_work AND status = 'error')),
                toFloat64(max(task_outcome != '' AND lower(task_outcome) NOT IN {resolved:Array(String)})),
                toFloat64(dateDiff('millisecond', min(started_at), max(addNanoseconds(started_at, ifNull(duration_ns, 0))))) / 1000
            ] AS amounts,
            [
                toFloat64(countIf(billable AND cost_usd IS NOT NULL) > 0),
                toFloat64(countIf(billable AND energy_kwh IS NOT NULL) > 0),
                toFloat64(sumIf(input_tokens, billable AND input_tokens IS NOT NULL AND cached_input_tokens IS NOT NULL)),
                toFloat64(countIf(is_work)),
                toFloat64(max(task_outcome != '')),
                1.
            ] AS bases,
            sumMap(arrayFilter(x -> x.3 != '', [
                ('request_model', family, if(is_model, toString(request_model), '')),
                ('revision', concat(family, ' / ', request_model), if(is_model, toString(model_revision), '')),
                ('fingerprint', family, if(is_model, fingerprint, '')),
                ('tier', family, if(is_model, toString(service_tier), '')),
                ('provider', family, if(is_model, toString(provider), '')),
                ('model_errors', family, if(is_model, outcome, '')),
                ('model_speed', concat(family, ' / ', request_model),
                    if(is_model AND output_tokens >= 16 AND status != 'error', halves(duration_ns / output_tokens), '')),
                ('prompt_version', prompt_name, if(is_model AND prompt_name != '', toString(prompt_version), '')),
                ('prompt_hash', if(prompt_name != '', prompt_name, family),
                    if(is_model AND system_hash != toFixedString('', 16), lower(hex(system_hash)), '')),
                ('retrieved', '', if(is_retrieval AND status != 'error', toString(least(length(retrieved_ids), 20)), '')),
                ('scores', '', if(is_retrieval AND notEmpty(retrieved_scores), twentieths(arrayMax(retrieved_scores)), '')),
                ('retrieval_errors', '', if(is_retrieval, outcome, '')),
                ('retrieval_speed', '', if(is_retrieval AND status != 'error', halves(duration_ns), '')),
                ('reranker', '', if(operation = 'rerank', toString(if(model_revision != '', model_revision, request_model)), '')),
                ('reranked', '', if(operation = 'rerank' AND notEmpty(retrieved_scores), twentieths(arrayMax(retrieved_scores)), '')),
                ('offered', if(prompt_name != '', prompt_name, family),
                    if(is_model AND tools_hash != toFixedString('', 16), lower(hex(tools_hash)), '')),
                ('tool_errors', tool_name, if(operation = 'tool', outcome, '')),
                ('tool_speed', tool_name, if(operation = 'tool' AND status != 'error', halves(duration_ns), '')),
                ('tool_shape', tool_name, if(operation = 'tool' AND status != 'error', shape, '')),
                ('tool_mix', '', if(operation = 'tool', toString(tool_name), ''))
            ] AS told), arrayMap(x -> 1., arrayFilter(x -> x.3 != '', told))) AS of_spans,
            sumMap(if(is_retrieval, arrayMap(id -> ('documents', '', toString(cityHash64(id) % 32)), retrieved_ids), []),
                if(is_retrieval, arrayMap(id -> 1., retrieved_ids), [])) AS documents,
            sumMap([(tool_name, tool_arguments_hash)], [toUInt32(operation = 'tool' AND tool_arguments_hash != '')]) AS same_calls
        FROM
        (
            SELECT
                *,
                operation IN ('chat', 'completion', 'embeddings') AS is_model,
                operation = 'retrieval' AS is_retrieval,
                operation IN ('chat', 'completion', 'embeddings', 'retrieval', 'rerank', 'tool') AS is_work,
                trace_id IN
                (
                    SELECT trace_id
                    FROM spans
                    WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)} AND FILTER
                ) AS is_meant,
                if(status = 'error', if(error_type != '', toString(error_type), 'error'), 'fine') AS outcome,
                multiIf(prompt_name != '', toString(prompt_name), feature != '', toString(feature), toString(service)) AS family,
                coalesce(nullIf(attributes['openai.response.system_fingerprint'], ''),
                    nullIf(attributes['gen_ai.openai.response.system_fingerprint'], ''),
                    attributes['gen_ai.response.system_fingerprint']) AS fingerprint,
                arrayStringConcat(arraySort(JSONExtractKeys(attributes['gen_ai.tool.call.result'])), ',') AS shape
            FROM spans
            WHERE started_at >= {from:DateTime64(3)} AND started_at < {to:DateTime64(3)}
                AND purpose IN ('', 'production', 'batch')
                AND cityHash64(trace_id) % 1000000 < if(is_meant, {per_million:UInt32}, {peers_per_million:UInt32})
        )
        GROUP BY trace_id
        HAVING countIf(is_work) > 0
    ),
    said AS
    (
        WITH amount -> toString(floor(log2(toFloat64(ifNull(amount, 0)) + 1e-9) * 2)) AS halves
        SELECT
            trace_id, meant, slot, amounts, bases,
            if(session = '', 1., 1 / count() OVER (PARTITION BY meant, session)) AS of_session,
            arrayConcat(
                if(tool_calls = 0, [], [('tool_calls', '', halves(tool_calls))]),
                if(arrayMax(same_calls.2) = 0, [], [('repeats', '', halves(arrayMax(same_calls.2)))])) AS behaviour,
            if(NOT meant, [], arrayConcat(
                [('all', '', 'all')],
                if(who = '', [], [('tenant', '', who)]),
                if(person = '', [], [('person', '', person)]),
                if(first_call.3 = '', [], [('use', '', first_call.3)]),
                if(first_call.4 = '', [], [('locale', '', first_call.4)]),
                if(first_call.1 = 0, [], [('length', first_call.3, halves(first_call.1))]),
                if(ifNull(first_call.2, 0) = 0, [], [('first_tokens', first_call.3, halves(ifNull(first_call.2, 0)))]))) AS single,
            if(NOT meant, [], arrayMap(bit -> ('words', first_call.3, toString(bit)),
                arrayFilter(bit -> bit < 248, bitPositionsToArray(first_call.5)))) AS words,
            arrayConcat(of_spans.1, documents.1, behaviour, single, words) AS signals,
            arrayConcat(of_spans.2, documents.2, arrayMap(x -> toFloat64(tool_calls), behaviour),
                arrayMap(x -> of_session, arrayConcat(single, words))) AS times,
            arrayConcat(
                arrayMap((one, count) -> count / arraySum((each, all) -> if(each.1 = one.1, all, 0), of_spans.1, of_spans.2),
                    of_spans.1, of_spans.2),
                arrayMap(count -> count / arraySum(documents.2), documents.2),
                arrayMap(x -> 1., arrayConcat(behaviour, single)),
                arrayMap(x -> 1 / length(words), words)) AS parts
        FROM traced
    ),
    cells AS
    (
        SELECT
            meant, slot, one.1 AS signal, one.2 AS stratum, one.3 AS value, sum(often) AS n,
            sumForEach(arrayMap(each -> each * part, amounts)) AS amounts, sumForEach(arrayMap(each -> each * part, bases)) AS bases,
            groupUniqArray(3)(trace_id) AS some
        FROM said
        ARRAY JOIN signals AS one, times AS often, parts AS part
        GROUP BY meant, slot, signal, stratum, value
    ),
    ranked AS
    (
        SELECT *, dense_rank() OVER (PARTITION BY meant, signal, stratum ORDER BY in_all DESC, value) AS rank
        FROM (SELECT *, sum(n) OVER (PARTITION BY meant, signal, stratum, value) AS in_all FROM cells)
    )
SELECT
    meant, signal, stratum, value, groupArray(place) AS places, groupArray(n) AS counts, groupArray(amounts) AS amounts,
    groupArray(bases) AS bases,
    arraySlice(arrayDistinct(arrayFlatten(arrayMap(of -> of.2, arrayReverseSort(of -> of.1, groupArray((place, some)))))), 1, 3)
        AS traces
FROM
(
    SELECT
        meant, signal, stratum,
        ifNull(if(rank <= if(signal = 'words', 256, {values:UInt32}), value, '…'), '…') AS value,
        intDiv(dateDiff('minute', {from:DateTime64(3, 'UTC')}, slot), {minutes:UInt32}) AS place,
        sum(ranked.n) AS n, sumForEach(ranked.amounts) AS amounts, sumForEach(ranked.bases) AS bases,
        groupUniqArrayArray(3)(ranked.some) AS some
    FROM ranked
    GROUP BY meant, slot, signal, stratum, value
)
GROUP BY meant, signal, stratum, value
ORDER BY meant, signal, stratum, value
