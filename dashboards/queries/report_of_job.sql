-- The newest report of a job: one that ends in the range, else the newest of all.
SELECT finding_id, title, summary, window_from, window_to, query, details
FROM findings
WHERE job = {job:String} AND kind = {kind:String}
ORDER BY window_to < {to:DateTime64(3)} DESC, window_to DESC
LIMIT 1
