-- Messages leave the span, and their hashes stay. The texts go on beside them, to 2_messages.sql.
{%- from "masks.jinja" import masked, without_content with context %}
{%- macro split(text, parts) -%}
multiIf({{ text }} = '', [],
        notEmpty({{ parts }}), {{ parts }},
        match({{ text }}, '^\\s*\\[\\s*\\]\\s*$'), [],
        [{{ text }}])
{%- endmacro %}
{%- macro hashed(text, place) -%}
sipHash128Keyed((toUInt64({{ content.key[0] }}), toUInt64({{ content.key[1] + place }})), {{ text }})
{%- endmacro %}
{%- macro kept(texts) -%}
{%- if content.masks and content.max_bytes -%}
arrayMap(text -> if(length(text) > {{ content.max_bytes }}, toValidUTF8(left(text, {{ content.max_bytes }})), text),
    arrayMap(text -> {{ masked('text') }}, {{ texts }}))
{%- elif content.masks -%}
arrayMap(text -> {{ masked('text') }}, {{ texts }})
{%- elif content.max_bytes -%}
arrayMap(text -> if(length(text) > {{ content.max_bytes }}, toValidUTF8(left(text, {{ content.max_bytes }})), text), {{ texts }})
{%- else -%}
{{ texts }}
{%- endif -%}
{%- endmacro %}
{%- macro events_without_content() -%}
if(span.events_json = '', '', toJSONString(arrayMap(event -> CAST((event.1, event.2, {{ without_content('event.3') }}),
            'Tuple(time String, name String, attributes Map(String, String))'),
        JSONExtract(span.events_json, 'Array(Tuple(time String, name String, attributes Map(String, String)))'))))
{%- endmacro %}
{#- A call that begins a turn ends with a message of the user, or with a text that names no role. Results of tools are not
what users say, though some providers send them under that role. #}
{%- macro said_by_user(text) -%}
multiIf(startsWith({{ text }}, '{"role":"'), startsWith({{ text }}, '{"role":"user"') OR startsWith({{ text }}, '{"role":"human"'),
        startsWith({{ text }}, '{'), JSONExtractString({{ text }}, 'role') IN ('user', 'human', ''),
        {{ text }} != '') AND position(substring({{ text }}, 1, 400), '"type":"tool_') = 0
{%- endmacro %}
{%- macro words(text) -%}
splitByNonAlpha({{ text }}, {{ content.sketched_words }})
{%- endmacro %}
{#- A bit for the hash of each word and of each pair of words; the hash is keyed where those of messages are, and the top byte
says by which key. Scripts without spaces: their runs are cut into pairs of characters. #}
{%- macro sketch(text) -%}
arrayMap(hashes -> bitShiftLeft(toUInt256({{ content.sketch_scheme }}), 248) + arraySum(arrayMap(bucket -> bitShiftLeft(toUInt256(1), bucket), arrayDistinct(arrayConcat(
        arrayMap(one -> toUInt8(one % 248), hashes),
        arrayMap((one, next) -> toUInt8(bitShiftRight(one * 31 + next, 20) % 248), arrayPopBack(hashes), arrayPopFront(hashes)))))),
    arrayMap(said -> arrayMap(
        {%- if content.keyed %} word -> sipHash64Keyed((toUInt64({{ content.key[0] }}), toUInt64({{ content.key[1] }})), word),
        {%- else %} word -> cityHash64(word),{% endif %}
        arraySlice(if(length(said) = lengthUTF8(said), {{ words('said') }}, arrayFlatten(arrayMap(
                run -> if(length(run) > 2 * lengthUTF8(run), ngrams(run, 2), [run]), {{ words('said') }}))),
            1, {{ content.sketched_words }})),
    arrayMap(text -> replaceAll(lower(substring(text, greatest(position(text, '"content":"'), 1), {{ content.sketched_bytes }})), '\\n', ' '),
        [{{ text }}])))[1]
{%- endmacro %}
CREATE MATERIALIZED VIEW hashed_from_recognised TO hashed_spans AS
WITH
    JSONExtractArrayRaw(content_input) AS input_parts,
    JSONExtractArrayRaw(content_output) AS output_parts,
    {{ split('content_input', 'input_parts') }} AS inputs,
    -- an answer comes back in the next turn's history without its reason to stop; it has to be the same message
    arrayMap(text -> replaceRegexpOne(text, ',"finish_reason":(?:"[^"]*"|null)\\}$', '}'),
        {{ split('content_output', 'output_parts') }}) AS outputs,
    startsWith(inputs[1], '{"role":"system"') OR startsWith(inputs[1], '{"role":"developer"') AS system_first,
    lengthUTF8(content_tools) + lengthUTF8(content_system) AS characters_before,
    arrayMap(text -> lengthUTF8(text), inputs) AS input_characters,
    characters_before + arraySum(input_characters) AS all_characters,
    arrayConcat(if(content_tools = '', [], [content_tools]), if(content_system = '', [], [content_system]),
        inputs, outputs) AS texts,
    {{ kept('texts') }} AS kept_texts,
    notEmpty(inputs) AND {{ said_by_user('inputs[-1]') }} AS begins_turn
SELECT
    * EXCEPT (content_tools, content_system, content_input, content_output, tools_hash, system_hash, message_hashes,
        message_offsets, output_hashes, prompt_hash
        {%- if content.keyed %}, tool_arguments_hash, tool_result_hash{% endif %}
        {%- if content.masks %}, status_message{% endif %}
        {%- if content.masks or content.max_bytes %}, flag_bits{% endif %}
        {%- if content.masks or not content.stored %}, attributes, events_json{% endif %}),
    if(content_tools = '', toFixedString('', 16), {{ hashed('content_tools', 1) }}) AS tools_hash,
    if(content_system = '', toFixedString('', 16), {{ hashed('content_system', 2) }}) AS system_hash,
    arrayMap(text -> {{ hashed('text', 0) }}, inputs) AS message_hashes,
    arrayMap(text -> {{ hashed('text', 0) }}, outputs) AS output_hashes,
    -- tokens before each message: by its share of characters, or by four characters a token where the total is unknown
    arrayMap((characters, upto) -> toUInt32(ifNull(
            round(input_tokens * (characters_before + upto - characters) / greatest(all_characters, 1)),
            intDiv(characters_before + upto - characters, 4))),
        input_characters, arrayCumSum(input_characters)) AS message_offsets,
    if(begins_turn, toUInt32(input_characters[-1]), 0) AS user_characters,
{%- if content.sketched_words %}
    -- of the text as it is kept: masked and cut
    if(begins_turn, {{ sketch('kept_texts[length(kept_texts) - length(outputs)]') }}, toUInt256(0)) AS user_sketch,
{%- endif %}
    multiIf(
        content_system = '' AND system_first, lower(hex(sipHash128(tools_hash, message_hashes[1]))),
        content_tools != '' OR content_system != '', lower(hex(sipHash128(tools_hash, system_hash))),
        span.prompt_hash != '',
            {% if content.keyed %}lower(hex({{ hashed('span.prompt_hash', 3) }})){% else %}span.prompt_hash{% endif %},
        prompt_name != '' OR prompt_version != '', lower(hex(sipHash128(toString(prompt_name), toString(prompt_version)))),
        '') AS prompt_hash,
{%- if content.keyed %}
    if(span.tool_arguments_hash = '', '', lower(hex(substring({{ hashed('span.tool_arguments_hash', 3) }}, 1, 8)))) AS tool_arguments_hash,
    if(span.tool_result_hash = '', '', lower(hex(substring({{ hashed('span.tool_result_hash', 3) }}, 1, 8)))) AS tool_result_hash,
{%- endif %}
{%- if content.masks %}
    {{ masked('span.status_message') }} AS status_message,
{%- endif %}
{%- if content.masks and content.stored %}
    mapApply((key, value) -> (key, {{ masked('value') }}), span.attributes) AS attributes,
    {{ masked('span.events_json') }} AS events_json,
{%- elif content.masks %}
    mapApply((key, value) -> (key, {{ masked('value') }}), {{ without_content('span.attributes') }}) AS attributes,
    {{ masked(events_without_content()) }} AS events_json,
{%- elif not content.stored %}
    {{ without_content('span.attributes') }} AS attributes,
    {{ events_without_content() }} AS events_json,
{%- endif %}
{%- if content.masks or content.max_bytes %}
    bitOr(span.flag_bits, toUInt32(
    {%- if content.max_bytes and content.stored %}
        1024 * arrayExists(text -> length(text) > {{ content.max_bytes }}, texts) +
    {%- endif %}
    {%- if content.masks %}
        2048 * arrayExists(text -> match(text, {{ content.any_mask }}), arrayConcat(
            {% if content.stored %}texts, {% endif %}[toString(span.status_message), span.events_json], mapValues(span.attributes))) +
    {%- endif %} 0)) AS flag_bits,
{%- endif %}
{%- if content.stored %}
    arrayConcat(if(content_tools = '', [], [1]), if(content_system = '', [], [2]),
        arrayResize(CAST([], 'Array(UInt8)'), length(inputs) + length(outputs), 0)) AS block_kinds,
    arrayConcat(if(content_tools = '', [], [tools_hash]), if(content_system = '', [], [system_hash]),
        message_hashes, output_hashes) AS block_hashes,
    kept_texts AS block_texts
{%- else %}
    CAST([], 'Array(UInt8)') AS block_kinds,
    CAST([], 'Array(FixedString(16))') AS block_hashes,
    CAST([], 'Array(String)') AS block_texts
{%- endif %}
FROM recognised_spans AS span;
