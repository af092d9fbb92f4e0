SELECT toDate(started_at) AS day, prompt_version, prompt_hash,
    if(model_revision != '', model_revision, request_model) AS model, count() AS calls
FROM spans
WHERE started_at >= {{ since }} AND started_at < {{ until }} AND billable AND operation IN ('chat', 'completion')
    {%- for name, value in where %}
    AND {{ name }} = {{ value }}
    {%- endfor %}
GROUP BY day, prompt_version, prompt_hash, model
ORDER BY day, calls DESC
