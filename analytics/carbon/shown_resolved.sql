SELECT task_outcome, count() AS traces, sum(llm_calls) AS calls, sum(energy_kwh) AS kwh, sum(co2e_g) AS g_co2e,
    argMax(trace_id, co2e_g) AS heaviest
FROM traces
WHERE started_at >= {{ since }} AND started_at < {{ until }}
    {%- for column, value in where %}
    AND {{ column }} = {{ value }}
    {%- endfor %}
GROUP BY task_outcome
ORDER BY g_co2e DESC
