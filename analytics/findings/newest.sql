SELECT *
FROM finding_observations
WHERE job = {job:String} AND finding_id IN {ids:Array(String)} AND run_id IN {runs:Array(String)}
