SELECT feature, energy_factors, energy_source, grid, count() AS calls, sum(energy_kwh) AS kwh,
    sum(energy_kwh_low) AS kwh_low, sum(energy_kwh_high) AS kwh_high, sum(co2e_g) AS g_co2e
FROM spans
WHERE billable AND started_at >= {{ since }} AND started_at < {{ until }}
GROUP BY feature, energy_factors, energy_source, grid
ORDER BY g_co2e DESC
