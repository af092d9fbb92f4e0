-- How the tasks of these traces ended, where somebody said so. The time is only there to find them.
SELECT trace_id, toString(task_outcome) AS outcome
FROM settled_traces FINAL
WHERE anchor >= {from:DateTime64(3)} AND anchor < {to:DateTime64(3)}
    AND ({everything:Bool}
        OR toStartOfInterval(anchor, toIntervalMinute({minutes:UInt32})) IN {slots:Array(DateTime('UTC'))})
    AND task_outcome_source IN ('attribute', 'evaluation')
    AND trace_id IN {traces:Array(String)}
