-- Executions within a tool of Claude Code that failed; the tool itself says nothing.
SELECT count() FROM settle_spans
WHERE run = {run:UInt64} AND error AND name = 'claude_code.tool.execution' AND dialect = 'claude_code'
