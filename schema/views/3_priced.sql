-- Every call gets its price.
CREATE MATERIALIZED VIEW priced_from_hashed TO priced_spans AS
SELECT * EXCEPT (m_written, m_uncached, m_mode, m_provider, m_path, m_seller, m_sold, m_model, m_minute, m_rates, m_input,
    m_cached, m_write, m_output, m_cost_usd, m_cost_input_usd, m_cost_cached_usd, m_cost_write_usd, m_cost_output_usd,
    m_cost_status, m_price_row, m_flag_bits)
REPLACE (
    m_cost_usd AS cost_usd,
    m_cost_input_usd AS cost_input_usd,
    m_cost_cached_usd AS cost_cached_usd,
    m_cost_write_usd AS cost_write_usd,
    m_cost_output_usd AS cost_output_usd,
    m_cost_status AS cost_status,
    m_price_row AS price_row,
    m_flag_bits AS flag_bits)
FROM
(
{% set source = 'hashed_spans' %}{% include 'parts/money.sql' %}
);
